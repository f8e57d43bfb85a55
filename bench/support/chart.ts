import { init, type CustomSeriesOption, type EChartsOption } from 'echarts'
import type { Spread } from './statistics.ts'

/** One aim of a row, and how it was met. */
export interface ChartBar {
  readonly row: string
  readonly text: string
  /** To the contestant that the aim names. */
  readonly ratio: Spread
  readonly factor: number
  readonly of: 'rate' | 'size' | 'p99Ms'
  readonly reached: boolean
}

type RenderItem = NonNullable<CustomSeriesOption['renderItem']>

export const MOST_BARS = 20
const WIDTH = 1120
const BAR_HEIGHT = 30
const LABEL_WIDTH = 540
const AROUND = { top: 110, right: 76, bottom: 40 }
const FONT = 'Helvetica, Arial, sans-serif'
/** A panel of its own, so that the page behind it may be light or dark. */
const PANEL = '#ffffff'
const INK = '#1f2933'
const QUIET = '#5b6673'
const GRID = '#e3e7ec'
/** Told apart also by those who see no red or no green. */
const REACHED = '#2b6cb0'
const MISSED = '#d9822b'
const CAP = 4

/**
 * The aims as bars, by row: how many times the aim was reached, the aim's line at 1, whiskers for the lowest and highest
 * round. Where there are too many, rates are shown before times, and the picture says how many are left out.
 */
export function chartOf(all: readonly ChartBar[]): string {
  const bars = shownOf(all)
  const height = AROUND.top + bars.length * BAR_HEIGHT + AROUND.bottom
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height })
  try {
    chart.setOption(optionOf(bars, all.length - bars.length))
    return `${plain(chart.renderToSVGString())}\n`
  } finally {
    chart.dispose()
  }
}

/** Without what only a page with a pointer needs, and whose numbers go on through the life of the process. */
function plain(svg: string): string {
  return svg.replaceAll(/ (?:class|ecmeta_\w+)="[^"]*"/g, '').replace(/<style[^]*<\/style>\n?/, '')
}

function shownOf(all: readonly ChartBar[]): ChartBar[] {
  const rates = all.filter(({ of }) => of === 'rate')
  const shown = new Set([...rates, ...all.filter(({ of }) => of !== 'rate')].slice(0, MOST_BARS))
  return all
    .filter(bar => shown.has(bar))
    .toSorted((one, other) => one.row.localeCompare(other.row, 'en', { numeric: true }))
}

/** How many times the aim: of a rate, what was reached by what was wanted; of a time, what was allowed by what was taken. */
function timesAim({ of, factor }: ChartBar, ratio: number): number {
  return of === 'rate' ? ratio / factor : factor / ratio
}

function optionOf(bars: readonly ChartBar[], leftOut: number): EChartsOption {
  const note = leftOut === 0 ? '' : `${leftOut} more aims, of times, stand in the tables only.`
  return {
    animation: false,
    backgroundColor: PANEL,
    textStyle: { fontFamily: FONT, color: INK },
    title: {
      left: 16,
      top: 12,
      text: 'How many times each aim was reached',
      subtext: `Median of the rounds, whiskers from the lowest to the highest; on the right the ratio itself. Blue: reached. Orange: not.\n${note}`,
      textStyle: { fontFamily: FONT, fontSize: 16, color: INK },
      subtextStyle: { fontFamily: FONT, fontSize: 12, color: QUIET }
    },
    grid: { left: LABEL_WIDTH + 24, right: AROUND.right, top: AROUND.top, bottom: AROUND.bottom },
    xAxis: {
      type: 'value',
      min: 0,
      max: ({ max }) => Math.max(1.2, Math.ceil(max * 5) / 5),
      axisLabel: { showMaxLabel: false, fontFamily: FONT, color: QUIET, formatter: (value: number) => `${value} ×` },
      splitLine: { lineStyle: { color: GRID } }
    },
    yAxis: {
      type: 'category',
      inverse: true,
      data: bars.map(({ row, text }) => `${row}  ${text}`),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: QUIET } },
      axisLabel: { fontFamily: FONT, fontSize: 12, color: INK, width: LABEL_WIDTH, overflow: 'break', interval: 0 }
    },
    series: [
      {
        type: 'bar',
        barWidth: 14,
        data: bars.map(bar => ({
          value: timesAim(bar, bar.ratio.median),
          itemStyle: { color: bar.reached ? REACHED : MISSED }
        })),
        markLine: {
          silent: true,
          symbol: 'none',
          lineStyle: { color: INK, type: 'solid', width: 1.5 },
          label: { formatter: 'aim', position: 'start', distance: 6, color: INK, fontFamily: FONT },
          data: [{ xAxis: 1 }]
        }
      },
      { type: 'custom', z: 5, renderItem: whisker, encode: { x: [0, 1], y: 2 }, data: bars.map(spanOf) },
      { type: 'custom', z: 6, renderItem: ratioText(bars), data: bars.map(spanOf) }
    ]
  }
}

function spanOf(bar: ChartBar, at: number): number[] {
  return [timesAim(bar, bar.ratio.lowest), timesAim(bar, bar.ratio.highest), at]
}

const whisker: RenderItem = (_params, api) => {
  const [left, y] = api.coord([api.value(0), api.value(2)])
  const [right] = api.coord([api.value(1), api.value(2)])
  const line = (x1: number, y1: number, x2: number, y2: number) =>
    ({ type: 'line', shape: { x1, y1, x2, y2 }, style: { stroke: INK, lineWidth: 1.5 } }) as const
  const caps = [left, right].map(x => line(x, y - CAP, x, y + CAP))
  return { type: 'group', children: [line(left, y, right, y), ...caps] }
}

function ratioText(bars: readonly ChartBar[]): RenderItem {
  return ({ dataIndex }, api) => {
    const [, y] = api.coord([0, api.value(2)])
    const style = {
      text: bars[dataIndex].ratio.median.toFixed(2),
      fill: INK,
      font: `12px ${FONT}`,
      verticalAlign: 'middle'
    } as const
    return { type: 'text', x: WIDTH - AROUND.right + 16, y, style }
  }
}
