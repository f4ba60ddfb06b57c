import { row } from './payloads.js';

/** The values that the codecs are compared on. */
export const CALL = { id: 17, iface: 'auth', method: 'signIn', args: ['Marcus Aurelius', true] };

/** The call as the object that the wire's text stands for. */
export const CALL_MESSAGE = { call: [CALL.id, CALL.iface], [CALL.method]: CALL.args };

export const OBJECT = {
  id: 48211,
  status: 'shipped',
  createdAt: '2024-03-01T10:15:00.000Z',
  total: 249.95,
  isPaid: true,
  coupon: null,
  customer: {
    id: 9127,
    name: 'Hypatia of Alexandria',
    email: 'hypatia@example.com',
    address: { street: '12 Library Road', city: 'Alexandria', zip: '21500', country: 'EG' },
  },
  items: [
    { sku: 'BK-1001', title: 'Elements', quantity: 1, price: 79.5 },
    { sku: 'BK-1002', title: 'Almagest', quantity: 2, price: 60.25 },
    { sku: 'IN-0042', title: 'Astrolabe', quantity: 1, price: 49.95 },
  ],
  shipping: { carrier: 'Sea', tracking: 'AX-55-2201', eta: 5 },
};

export const ROWS = Array.from({ length: 200 }, (_, index) => row(index));

/** Integers, prices and full doubles, a third each; the same in each run. */
export const NUMBERS = { values: Array.from({ length: 999 }, (_, index) => numberAt(index)) };

export const STRING = 'a string of nothing but ASCII text, '.repeat(29128).slice(0, 1024 * 1024);

/** @param {number} index */
function numberAt(index) {
  const scattered = Math.imul(index + 1, 2654435761) >>> 0;
  if (index % 3 === 0) return scattered % 1_000_000;
  return index % 3 === 1 ? (scattered % 100_000) / 100 : scattered / 2 ** 32;
}
