const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** A number in few characters: `1,234`, `12.3`, `0.05`. */
export function shortNumber(value: number): string {
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}

/** Bytes in few characters: `1.5 MiB`. */
export function shortBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${shortNumber(value)} ${UNITS[unit] ?? ''}`;
}

/** A time span in few characters: `0.35 ms`, `12 ms`, `3.4 s`, `5 min`, `2 h 5 min`. */
export function shortTime(ms: number): string {
  if (ms < 1000) return `${shortNumber(ms)} ms`;
  if (ms < 60_000) return `${shortNumber(ms / 1000)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A time of day, to the millisecond: `09:05:07.123`. */
export function clockTime(at: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${time}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** A number of things: `1 item`, `2 items`. */
export function counted(value: number, noun: string): string {
  return `${value} ${noun}${value === 1 ? '' : 's'}`;
}
