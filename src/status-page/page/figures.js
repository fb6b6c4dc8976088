const whole = new Intl.NumberFormat('en');
const tenths = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

export const count = (value) => whole.format(value);

/** A count with the word for what is counted. */
export const counted = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

/** Per second: whole from ten on, and 0 only where there was nothing. */
export function rate(value) {
  if (value > 0 && value < 0.1) return '<0.1';
  return value < 10 ? tenths.format(value) : whole.format(Math.round(value));
}

/** In steps of a thousand. */
export function bytes(value) {
  let rest = value;
  let unit = 0;
  while (rest >= 999.5 && unit < UNITS.length - 1) {
    rest /= 1000;
    unit++;
  }
  return `${unit > 0 && rest < 9.95 ? tenths.format(rest) : whole.format(Math.round(rest))} ${UNITS[unit]}`;
}

const three = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const compactly = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });

/** In three digits, as on an axis: 1.2k. */
export const compact = (value) => compactly.format(value).replace('K', 'k');

export const percent = (value) => `${three.format(value)}%`;

/** A time that something took, in milliseconds. */
export const milliseconds = (value) => (value < 999.5 ? `${three.format(value)} ms` : `${three.format(value / 1000)} s`);

/** Milliseconds as the two largest units that are not zero. */
export function duration(time) {
  const seconds = Math.max(0, Math.floor(time / 1000));
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  return first === -1
    ? '0 s'
    : parts
        .slice(first, first + 2)
        .filter(([value]) => value > 0)
        .map(([value, unit]) => `${value} ${unit}`)
        .join(' ');
}
