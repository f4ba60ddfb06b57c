import { Script } from './script.js';

/*
 * A session is a hash with these fields:
 *   owner  an instance's id. The session is owned while its owner's lease, a key that expires, exists
 *   step   counts what the owner has done with it; a step that arrives after a later one changes nothing
 *   text   the session
 *   claim  the newest request to resume it that is known, '<claimant>:<count>'
 * In all scripts but those of leases and KEEP, KEYS[1] is the session, ARGV[1] this instance's id and ARGV[2] the step.
 * What a script only notes goes by `pcall`: Redis at its memory limit refuses it, and the rest must be done all the same.
 */

/** Steps answer with one of these, or with the claim (a text) of who owns the session by now. */
export const DONE = 1;
/** A later step of this instance, or a later claim of the same client, was here before: nothing was changed. */
export const LATE = 2;
/** Redis does not know the session. */
export const UNKNOWN = 3;

/** Whether `claim` comes after a later one of the same claimant. */
const IS_OVERTAKEN = `
local function isOvertaken(claim, known)
  local by, count = string.match(claim, '^(%d+):(%d+)$')
  local knownBy, knownCount = string.match(known or '', '^(%d+):(%d+)$')
  return by and by == knownBy and tonumber(count) < tonumber(knownCount)
end
`;

/** Ends the script where the step is late, or the session another's. One that is gone altogether was lost by Redis. */
const UNLESS_ANOTHERS = `
local held = redis.call('HMGET', KEYS[1], 'owner', 'step', 'claim')
if held[1] == ARGV[1] and tonumber(held[2] or '0') >= tonumber(ARGV[2]) then return ${LATE} end
local exists = redis.call('EXISTS', KEYS[1]) == 1
if exists and held[1] ~= ARGV[1] then return held[3] or '' end
`;

/** ARGV: instance, step, lifetime in ms, text ('' for none). */
export const CREATE = new Script(`${UNLESS_ANOTHERS}
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'step', ARGV[2])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'text', ARGV[4]) end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return ${DONE}
`);

/**
 * KEYS[2]: this instance's lease. ARGV: instance, step, lifetime in ms, what the channels of instances begin with, the
 * session's hash, the claim ('' for none). The owner's lease is named after this instance's, so that a prefix which the
 * client puts before its keys is on both.
 */
export const CLAIM = new Script(`${IS_OVERTAKEN}
local held = redis.call('HMGET', KEYS[1], 'owner', 'text', 'claim')
local owner, text = held[1], held[2]
if isOvertaken(ARGV[6], held[3]) then return {'late'} end
if ARGV[6] ~= '' and (owner or text) then redis.pcall('HSET', KEYS[1], 'claim', ARGV[6]) end
if owner and owner ~= ARGV[1] then
  local lease = string.sub(KEYS[2], 1, #KEYS[2] - #ARGV[1]) .. owner
  if redis.call('EXISTS', lease) == 1 then
    redis.call('PUBLISH', ARGV[4] .. owner, ARGV[5] .. (ARGV[6] ~= '' and ' ' .. ARGV[6] or ''))
    return {'busy'}
  end
end
if not text then
  if owner == ARGV[1] then return {'mine'} end
  redis.call('DEL', KEYS[1])
  return {'none'}
end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'step', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {'text', text}
`);

/** Takes away the text of a session that begins to live in this instance. */
export const CONFIRM = new Script(`
local held = redis.call('HMGET', KEYS[1], 'owner', 'step', 'claim')
if held[1] ~= ARGV[1] then return held[3] or '' end
if tonumber(held[2] or '0') >= tonumber(ARGV[2]) then return ${LATE} end
redis.call('HDEL', KEYS[1], 'text')
redis.pcall('HSET', KEYS[1], 'step', ARGV[2])
return ${DONE}
`);

/** ARGV: instance, step, lifetime in ms, claim. Takes away the text of a session that lives in this instance again. */
export const REVIVE = new Script(`${IS_OVERTAKEN}${UNLESS_ANOTHERS}
if isOvertaken(ARGV[4], held[3]) then return ${LATE} end
redis.call('HDEL', KEYS[1], 'text')
redis.pcall('HSET', KEYS[1], 'owner', ARGV[1], 'step', ARGV[2])
if ARGV[4] ~= '' then redis.pcall('HSET', KEYS[1], 'claim', ARGV[4]) end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return ${DONE}
`);

/** Ends the script where the session is gone and this step is not meant to bring it back: it may come late. */
const UNLESS_GONE = `
if not exists and ARGV[6] ~= 'new' then return ${UNKNOWN} end
if ARGV[5] ~= '' then redis.call('HSET', KEYS[1], 'claim', ARGV[5]) end
`;

/** ARGV: instance, step, lifetime in ms, text, claim, 'new' where Redis need not know it. */
export const SAVE = new Script(`${UNLESS_ANOTHERS}${UNLESS_GONE}
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'step', ARGV[2], 'text', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return ${DONE}
`);

/** ARGV as of {@link SAVE}. */
export const RELEASE = new Script(`${UNLESS_ANOTHERS}${UNLESS_GONE}
redis.call('HSET', KEYS[1], 'text', ARGV[4])
redis.call('HDEL', KEYS[1], 'owner', 'step')
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return ${DONE}
`);

/** Forgets a session of this instance. */
export const DELETE = new Script(`
if redis.call('HGET', KEYS[1], 'owner') == ARGV[1] then redis.call('DEL', KEYS[1]) end
return ${DONE}
`);

/** Gives up a session that this instance knows nothing of. ARGV: instance, the step of the claim to undo ('' for any). */
export const DISOWN = new Script(`
local held = redis.call('HMGET', KEYS[1], 'owner', 'step')
if held[1] == ARGV[1] and (ARGV[2] == '' or held[2] == ARGV[2]) then redis.call('HDEL', KEYS[1], 'owner', 'step') end
return ${DONE}
`);

/**
 * KEYS: sessions. ARGV: instance, lifetime in ms. Returns the places, from 1, of those that others have now, each with
 * the claim by which they have it: '<place> <claim>'.
 */
export const KEEP = new Script(`
local lost = {}
for place, key in ipairs(KEYS) do
  if redis.call('EXISTS', key) == 0 then redis.call('HSET', key, 'owner', ARGV[1]) end
  if redis.call('HGET', key, 'owner') == ARGV[1] then
    redis.call('PEXPIRE', key, ARGV[2])
  else
    lost[#lost + 1] = place .. ' ' .. (redis.call('HGET', key, 'claim') or '')
  end
end
return lost
`);

/**
 * KEYS[1]: this instance's lease. ARGV: its length in ms. Returns whether it had not run out. A lease that is only made
 * longer needs no memory: it is kept where Redis has reached its limit. It publishes to the instance's own channel, too,
 * which proves that the instance is heard there.
 */
export const RENEW = new Script(`
redis.pcall('PUBLISH', (string.gsub(KEYS[1], 'instance:(%w+)$', 'handover:%1')), 'proof:lease')
if redis.call('PEXPIRE', KEYS[1], ARGV[1]) == 1 then return 1 end
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
return 0
`);

/** KEYS[1]: this instance's lease. */
export const END_LEASE = new Script(`return redis.call('DEL', KEYS[1])`);
