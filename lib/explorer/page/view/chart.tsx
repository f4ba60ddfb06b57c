import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { clockTime } from '../model/numbers.js';
import type { Series } from '../model/series.js';
import type { Store } from '../model/store.js';
import { colours } from './theme.js';

interface ChartProps {
  readonly title: string;
  readonly series: Series;
  readonly labels: readonly string[];
  /** Grows with each moment. */
  readonly moments: Store<number>;
  readonly format: (value: number) => string;
  /** The top of the scale, where it is not that of the values. */
  readonly top?: number;
}

const HEIGHT = 150;
/** How much time is shown. */
const WINDOW_SECONDS = 120;

/** Numbers that move with time. What is drawn is told by the text beside it as well. */
export function Chart({ title, series, labels, moments, format, top }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const values = useRef<HTMLUListElement>(null);
  useEffect(() => {
    const parent = box.current;
    if (!parent) return undefined;
    const colourOf = (index: number): string => {
      const swatch = values.current?.querySelectorAll('.swatch')[index];
      return swatch ? getComputedStyle(swatch).color : 'currentColor';
    };
    const quiet = (): string => getComputedStyle(parent).color;
    const grid = { stroke: () => getComputedStyle(parent).borderTopColor, width: 1 };
    const plot = new uPlot(
      {
        width: parent.clientWidth || 300,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        scales: {
          x: { range: (_plot, _min, max) => [max - WINDOW_SECONDS, max] },
          y: { range: (_plot, _min, max) => [0, top ?? Math.max(1, max * 1.1)] },
        },
        axes: [
          {
            stroke: quiet,
            grid: { show: false },
            ticks: { show: false },
            font: '11px sans-serif',
            size: 22,
            values: (_plot, splits) => splits.map((second) => clockTime(second * 1000).slice(0, 8)),
          },
          {
            stroke: quiet,
            grid,
            ticks: { show: false },
            font: '11px sans-serif',
            size: 52,
            values: (_plot, splits) => splits.map((value) => format(value)),
          },
        ],
        series: [
          {},
          ...labels.map((label, index) => ({
            label,
            stroke: () => colourOf(index),
            width: 1.5,
            points: { show: false },
            spanGaps: true,
          })),
        ],
      },
      series.data,
      parent,
    );
    const draw = (): void => {
      plot.setData(series.data);
    };
    const resized = new ResizeObserver(() => {
      plot.setSize({ width: parent.clientWidth, height: HEIGHT });
    });
    resized.observe(parent);
    const unwatch = [
      moments.watch(draw),
      colours.watch(() => {
        requestAnimationFrame(() => {
          plot.redraw(true, true);
        });
      }),
    ];
    return () => {
      for (const stop of unwatch) stop();
      resized.disconnect();
      plot.destroy();
    };
  }, [series]);
  const last = series.data.slice(1).map((column) => column.at(-1) ?? null);
  return (
    <figure class="chart">
      <figcaption>
        <h3>{title}</h3>
        <ul class="chart-values" ref={values}>
          {labels.map((label, index) => (
            <li key={label}>
              <span class={`swatch swatch-${index + 1}`} aria-hidden="true" />
              {`${label} `}
              <strong>{last[index] === null ? '–' : format(last[index])}</strong>
            </li>
          ))}
        </ul>
      </figcaption>
      <div class="chart-box" ref={box} aria-hidden="true" />
    </figure>
  );
}
