import type { SeededRandom } from '../../lib/testing/seeded-random.js';

const SCALARS = [
  ...['0', '-0', '+7', '1', '-1', '17', '255', '65536', '4294967295', '9007199254740991', '9007199254740992'],
  ...['-9007199254740993', '1e999', '1e-400', '5.', '.5', '0.1', '123456789012345678', '0.30000000000000004'],
  ...['1797693134862315700000000000000', '2.2250738585072011e-308', '0x7fFF', '0o17', '0b11', '0X1f', 'NaN'],
  ...['Infinity', '-Infinity', 'null', 'undefined', 'true', 'false', "''", '""', "'mark'", "'a'", '[]', '{}'],
  ...['`:1`', '`:5`', '`:4096`', '`:5000`', '`:0`', '`:', '`:01`'],
  ...['``', '`QQ==`', '`QUJD`', '`QR==`', '`QQ=`', '`QQ', '`'],
  ...["'__proto__'", "'constructor'", "'\\u{1f600}'", "'\\ud83d'", '"\\ud83d\\ude00"', "'\\x00'", "'\\101'"],
];
const KEYS = [
  ...[
    'a',
    'b',
    'id',
    'name',
    '$_',
    '__proto__',
    'constructor',
    'toString',
    'length',
    '17',
    '0',
    '4294967294',
  ],
  ...["'a b'", '""', "'17'", '"a"', "'it\\'s'", '"\\u0061"', 'undefined', 'null', 'timeout', 'then'],
];
const CHARACTERS = [
  ...['a', 'z', '0', ' ', "'", '"', '\\', '/', ',', ':', '{', '}', '[', ']', '\n', '\r', '\t', '\u007f'],
  ...['\u00e9', '\u00a0', '\u20ac', '\u2028', '\u2029', '\ufeff', '\u{1f600}', '\ufffd'],
];
const ESCAPES = [
  '\\n',
  '\\t',
  "\\'",
  '\\"',
  '\\\\',
  '\\x41',
  '\\u00e9',
  '\\u{1f600}',
  '\\ud83d',
  '\\0',
  '\\7',
  '\\q',
  '\\\n',
  '\\/',
];
const BLANKS = [
  ' ',
  '\n',
  '\t',
  '\r\n',
  '\u00a0',
  '\ufeff',
  '\u2028',
  '/* c */',
  '// c\n',
  '/**/',
  ' /*1*/ /*2*/',
];
const KINDS = [
  ...[
    'call',
    'call',
    'call',
    'callback',
    'event',
    'inspect',
    'ping',
    'pong',
    'stream',
    'source',
    'cancel',
    'bye',
  ],
  ...['x', '__proto__', '17', "''"],
];
const VERBS = [
  ...[
    'ok',
    'error',
    'run',
    'fail',
    'failAsync',
    'back',
    'wait',
    'feed',
    'data',
    'credit',
    'session',
    'login',
  ],
  ...['__proto__', 'constructor', 'toString', 'call'],
];
const INTERFACES = ["'mark'", "'echo'", "'slow'", "'nothing'", "'__proto__'", "''", 'null', '17', '[]'];
const METADATA = [
  '',
  '',
  '',
  ',{}',
  ',{timeout:10}',
  ',{timeout:-1}',
  ',{timeout:1e999}',
  ',{__proto__:{a:1}}',
  ',null',
  ',[]',
  ',null,[0]',
  ',{timeout:10},[0,1]',
  ',null,[1,0]',
  ',null,{}',
];
const IDS = ['0', '1', '1', '2', '2', '3', '4', '5', '-1', '-2', '-3', '77', '9007199254740991'];
/** Each ends a conversation: so that most go on, they are rare. */
const ODD_IDS = ['1.5', '1e300', 'NaN', "'1'", '[]', 'null', '-0', '9007199254740992'];
const COUNTS = ['0', '1', '2', '3', '4', '64', '9007199254740991'];
/** What an offer of extensions may say. */
const OFFERS = [
  ...[
    '{stream:1}',
    '{stream:1,cancel:1,bye:1}',
    '{resume:1}',
    '{stream:1,cancel:1,bye:1,resume:1,bytes:1,max:65536}',
    '{stream:1,source:1,cancel:1,bye:1,resume:1,bytes:1}',
    '{stream:1,source:1,cancel:1,bye:1,resume:1,bytes:1,attachments:1,max:65536}',
    '{attachments:1,bye:1,bytes:1,cancel:1,resume:1,source:1,stream:1,max:65536}',
  ],
  ...[
    '{resume:1,max:60}',
    '{nest:1,stream:1,cancel:1,bye:1,resume:1}',
    '{max:0}',
    '{stream:2}',
    '[]',
    'null',
  ],
];

const MAX_DEPTH = 4;

/** A text of any value. */
export function valueText(random: SeededRandom, depth = 0): string {
  const { blank } = blanksOf(random);
  const kind = depth >= MAX_DEPTH ? 0 : random.between(0, 5);
  if (kind === 4) return `[${list(random, 6, () => `${blank()}${elementText(random, depth)}${blank()}`)}]`;
  if (kind === 5) {
    const member = (): string =>
      `${blank()}${random.pick(KEYS)}${blank()}:${blank()}${valueText(random, depth + 1)}${blank()}`;
    return `{${list(random, 5, member)}}`;
  }
  if (kind === 3) return stringText(random);
  return kind === 2 ? numberText(random) : random.pick(SCALARS);
}

/** A text of JSON. */
export function jsonText(random: SeededRandom): string {
  return JSON.stringify(jsonValue(random, 0), null, random.pick([0, 0, 1, '\t']));
}

/** A message: of a kind with what belongs to it, mostly. */
export function messageText(random: SeededRandom): string {
  const id = idText(random);
  const iface = random.pick(INTERFACES);
  const args = `[${list(random, 3, () => valueText(random, 2))}]`;
  const kind = random.happens(0.02) ? 'handshake' : random.pick(KINDS);
  const verb = random.pick(VERBS);
  switch (random.between(0, 9)) {
    case 0:
    case 1:
      return `{call:[${id},'echo'${random.pick(METADATA)}],back:[${valueText(random, 1)}]}`;
    case 2:
      return `{${random.pick(['call', 'event'])}:[${id},${iface}${random.pick(METADATA)}],${verb}:${args}}`;
    case 3:
      return random.happens(0.7)
        ? `{callback:[${id}],ok:${args}}`
        : `{callback:[${id}],error:[${countText(random)}]}`;
    case 4:
      return `{${random.pick(['ping', 'pong', 'cancel', 'inspect'])}:[${id},${iface}]}`;
    case 5:
      if (random.happens(0.5)) return sourceText(random, id);
      return `{stream:[${id},${countText(random)}],${random.pick(['data', 'credit'])}:[${countText(random)}]}`;
    case 6:
      return `{bye:[${random.pick(["'close'", "'moved'", "'taken'", '1'])}${random.pick(['', ",'info'"])}]}`;
    case 7:
      return `{call:[${id},'slow'],wait:[]}`;
    case 8:
      return `{event:[${id},'mark'],run:${args}}`;
    default:
      return `{${kind}:[${id},${iface}],${verb}:${args}}`;
  }
}

/** A message about an argument that is a stream. */
function sourceText(random: SeededRandom, id: string): string {
  const verb = random.pick(['data', 'data', 'end', 'error', 'credit', 'cancel']);
  const place = random.pick(['0', '0', '0', '1', '7']);
  const n = random.happens(0.8) ? `,${random.pick(['1', '1', '2', '3', '9'])}` : '';
  return `{source:[${id},${place}${n}],${verb}:[${countText(random)}]}`;
}

function idText(random: SeededRandom): string {
  return random.pick(random.happens(0.02) ? ODD_IDS : IDS);
}

function countText(random: SeededRandom): string {
  return random.pick(random.happens(0.02) ? ODD_IDS : COUNTS);
}

/** A handshake as clients send it. */
export function requestText(random: SeededRandom): string {
  const version = random.pick(["''", "'^1.0.0'", 'null', "'1.0.0'", `'${'1'.repeat(20)}'`, '5']);
  const offer = random.happens(0.7) ? `,${version},${random.pick(OFFERS)}` : '';
  const verb = random.pick([
    ...['', '', '', '', ",session:['id',5]", `,session:['id',0,['a',1]]`, ",login:['ann','secret']"],
    ...[",login:['ann','wrong']", `,token:${valueText(random, 2)}`, ',session:[1e999,-1]'],
  ]);
  const application = random.happens(0.8) ? "'app'" : random.pick(["'feed'", "'feed'", "'other'"]);
  return `{handshake:[0,${application}${offer}]${verb}}`;
}

/** A handshake as servers answer it. */
export function answerText(random: SeededRandom): string {
  const accepted = random.happens(0.7) ? `,null,${random.pick(OFFERS)}` : '';
  const verb = random.happens(0.85)
    ? `ok:${random.pick(["'session'", "'session'", '5', `'${'s'.repeat(300)}'`, '[]'])}`
    : `error:${random.pick(['[11]', '[10]', "[11,'no','ERR_SESSION_LOST']", '[]', "['x']", '[{}]', '[-1]'])}`;
  return `{handshake:[0${accepted}],${verb}}`;
}

function elementText(random: SeededRandom, depth: number): string {
  return random.happens(0.1) ? '' : valueText(random, depth + 1);
}

function blanksOf(random: SeededRandom): { blank: () => string } {
  if (random.happens(0.8)) return { blank: () => '' };
  return { blank: () => (random.happens(0.3) ? random.pick(BLANKS) : '') };
}

function stringText(random: SeededRandom): string {
  const quote = random.pick(["'", '"']);
  const length = random.happens(0.05) ? random.between(200, 600) : random.between(0, 12);
  if (random.happens(0.3))
    return quote + random.pick(['x', 'я', 'x\u00e9', '\u{1f600}']).repeat(length) + quote;
  let text = '';
  for (let i = 0; i < length; i++)
    text += random.happens(0.2) ? random.pick(ESCAPES) : random.pick(CHARACTERS);
  return quote + text.replaceAll(quote, '\\' + quote) + quote;
}

function numberText(random: SeededRandom): string {
  const digits = (most: number): string => {
    let text = '';
    for (let left = random.between(1, most); left > 0; left--) text += String(random.between(0, 9));
    return text;
  };
  const sign = random.pick(['', '', '-', '+']);
  const whole = digits(20).replace(/^0+(?=\d)/, '');
  const fraction = random.happens(0.5) ? `.${digits(22)}` : '';
  const exponent = random.happens(0.2) ? `e${random.pick(['', '-', '+'])}${digits(3)}` : '';
  return sign + whole + fraction + exponent;
}

function jsonValue(random: SeededRandom, depth: number): unknown {
  const kind = depth >= MAX_DEPTH ? random.between(0, 3) : random.between(0, 6);
  if (kind === 0) return random.pick([null, true, false, 0, -1, 1e21, 0.1]);
  if (kind === 1) return (random.next() - 0.5) * 10 ** random.between(-20, 25);
  if (kind <= 3)
    return list(random, 12, () => random.pick(CHARACTERS)).replaceAll(',', random.pick([',', '']));
  const length = random.between(0, random.happens(0.1) ? 40 : 6);
  if (kind === 4) return Array.from({ length }, () => jsonValue(random, depth + 1));
  return Object.fromEntries(
    Array.from({ length }, () => [
      random.pick([...KEYS, 'é', 'k' + String(length)]),
      jsonValue(random, depth + 1),
    ]),
  );
}

/** Up to so many texts with commas between, sometimes with one more behind. */
function list(random: SeededRandom, most: number, item: () => string): string {
  const items = Array.from({ length: random.between(0, most) }, item);
  return items.join(',') + (items.length > 0 && random.happens(0.1) ? ',' : '');
}
