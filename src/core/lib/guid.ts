const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export function isGuid(text: string): boolean {
  return GUID.test(text)
}

/** Returns an id in the form for comparing: GUIDs are the same in any case, names are not. */
export function canonicalId(id: string): string {
  return GUID.test(id) ? id.toLowerCase() : id
}
