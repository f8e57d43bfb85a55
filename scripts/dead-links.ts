import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const CODE_BLOCK = /^```[^]*?^```/gm
const LINK = /\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]*))?\)/g
const HEADING = /^#+ (.+)$/gm

/** Returns a line for each link of the pages, given relative to `root`, that leads to no file or no section. */
export function deadLinks(root: string, pages: readonly string[]): string[] {
  return pages.flatMap(page => {
    const text = proseOf(join(root, page))
    return [...text.matchAll(LINK)].flatMap(([, target, section]) => {
      const file = target === '' ? join(root, page) : join(root, dirname(page), target)
      if (!existsSync(file)) return [`${page} links to ${target}, which is not there`]
      if (section === undefined || !file.endsWith('.md') || sectionsOf(file).has(section)) return []
      return [`${page} links to ${target}#${section}: no such section`]
    })
  })
}

function proseOf(file: string): string {
  return readFileSync(file, 'utf8').replaceAll(CODE_BLOCK, '')
}

/** The anchors that GitHub gives to headings. */
function sectionsOf(file: string): ReadonlySet<string> {
  const headings = [...proseOf(file).matchAll(HEADING)].map(([, text]) => text)
  return new Set(
    headings.map(text =>
      text
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-')
    )
  )
}
