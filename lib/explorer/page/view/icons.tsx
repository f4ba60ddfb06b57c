const PATHS = {
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14Zm5 12 4 4',
  chevron: 'm9 6 6 6-6 6',
  play: 'M7 5v14l11-7Z',
  pause: 'M8 5v14M16 5v14',
  step: 'M6 5v14l9-7ZM18 5v14',
  stop: 'M7 7h10v10H7Z',
  copy: 'M9 9h10v11H9ZM5 15V4h10',
  close: 'm6 6 12 12M18 6 6 18',
  plus: 'M12 5v14M5 12h14',
  menu: 'M4 7h16M4 12h16M4 17h16',
  theme: 'M12 4a8 8 0 1 0 0 16ZM12 4a8 8 0 0 1 0 16',
  keys: 'M3 6h18v12H3ZM7 10h.01M11 10h.01M15 10h.01M8 14h8',
  leave: 'M14 5H5v14h9M10 12h10m-4-4 4 4-4 4',
  refresh: 'M19 12a7 7 0 1 1-2-5l2 2m0-5v5h-5',
  cut: 'M4 12h5M15 12h5M10 8l4 8',
} as const;

/** A picture that says nothing that the text beside it, or a label, does not say. */
export function Icon({ name }: { readonly name: keyof typeof PATHS }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
