import { Script } from './script.js';

/*
 * A session is a hash with the fields `owner`, an instance's id, and `text`. It is owned while its owner's lease, a
 * key that expires, exists. In all scripts but the last two KEYS[1] is the session and ARGV[1] this instance's id.
 */

/** ARGV: instance, lifetime in ms, text ('' for none). */
export const CREATE = new Script(`
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'owner', ARGV[1])
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'text', ARGV[3]) end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
`);

/**
 * KEYS[2]: this instance's lease. ARGV: instance, lifetime in ms, what the channels of instances begin with, the
 * message to an owner. The owner's lease is named after this instance's, so that a prefix which the client puts
 * before its keys is on both.
 */
export const CLAIM = new Script(`
local owner = redis.call('HGET', KEYS[1], 'owner')
if owner and owner ~= ARGV[1] then
  local lease = string.sub(KEYS[2], 1, #KEYS[2] - #ARGV[1]) .. owner
  if redis.call('EXISTS', lease) == 1 then
    redis.call('PUBLISH', ARGV[3] .. owner, ARGV[4])
    return {'busy'}
  end
end
local text = redis.call('HGET', KEYS[1], 'text')
if not text then
  if owner ~= ARGV[1] then redis.call('DEL', KEYS[1]) end
  return {'none'}
end
redis.call('HSET', KEYS[1], 'owner', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {'text', text}
`);

/** Takes away the text of a session that begins to live in this instance. */
export const CONFIRM = new Script(`
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], 'text')
return 1
`);

// A session that is gone altogether was lost by Redis: nobody else can have claimed it.
const UNLESS_ANOTHERS = `
if redis.call('EXISTS', KEYS[1]) == 1 and redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
`;

/** ARGV: instance, lifetime in ms. Takes away the text of a session that lives in this instance again. */
export const REVIVE = new Script(`${UNLESS_ANOTHERS}
redis.call('HSET', KEYS[1], 'owner', ARGV[1])
redis.call('HDEL', KEYS[1], 'text')
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
`);

/** ARGV: instance, lifetime in ms, text. */
export const SAVE = new Script(`${UNLESS_ANOTHERS}
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'text', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
`);

/** ARGV: instance, lifetime in ms, text. */
export const RELEASE = new Script(`${UNLESS_ANOTHERS}
redis.call('HSET', KEYS[1], 'text', ARGV[3])
redis.call('HDEL', KEYS[1], 'owner')
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
`);

/** Forgets a session of this instance. */
export const DELETE = new Script(`
if redis.call('HGET', KEYS[1], 'owner') == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`);

/** Gives up a session that this instance knows nothing of: a claim's answer never came. */
export const DISOWN = new Script(`
if redis.call('HGET', KEYS[1], 'owner') == ARGV[1] then return redis.call('HDEL', KEYS[1], 'owner') end
return 0
`);

/** KEYS: sessions. ARGV: instance, lifetime in ms. Returns the places, from 1, of those that others have now. */
export const KEEP = new Script(`
local lost = {}
for place, key in ipairs(KEYS) do
  if redis.call('EXISTS', key) == 0 then redis.call('HSET', key, 'owner', ARGV[1]) end
  if redis.call('HGET', key, 'owner') == ARGV[1] then
    redis.call('PEXPIRE', key, ARGV[2])
  else
    lost[#lost + 1] = place
  end
end
return lost
`);

/** KEYS[1]: this instance's lease. ARGV: its length in ms. Returns whether it had not run out. */
export const RENEW = new Script(`
local had = redis.call('EXISTS', KEYS[1])
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
return had
`);

/** KEYS[1]: this instance's lease. */
export const END_LEASE = new Script(`return redis.call('DEL', KEYS[1])`);
