import { Script } from './script.js';

/*
 * A session is a hash with these fields:
 *   owner  the id of an instance. The session is owned while the owner's lease, a key that expires, exists
 *   step   the number of the owner's last command; a command that arrives after a later one changes nothing
 *   text   the session's text, which has the journal as well, unless that is in pieces
 *   j<n>   the pieces of the journal, see stored-journal.ts
 *   claim  the newest known claim on the session, '<claimant>:<count>'
 * In all scripts but KEEP and those of leases, KEYS[1] is the session, ARGV[1] this instance's id, and ARGV[2] the
 * step. Why `pcall` for some writes: Redis at its memory limit refuses them, and the rest of the script must run all
 * the same.
 */

/** The script was executed. Scripts answer with a number, or with the claim (a text) of the session's new owner. */
export const DONE = 1;
/** Nothing was changed: a later step of this instance, or a later claim of the same client, had come before. */
export const LATE = 2;
/** Redis does not know the session. */
export const UNKNOWN = 3;
/** Redis does not have what the write was to change. */
export const STALE = 4;

/** Defines `isOvertaken`: whether the same claimant has made a later claim than `claim` already. */
const IS_OVERTAKEN = `
local function isOvertaken(claim, known)
  local by, count = string.match(claim, '^(%d+):(%d+)$')
  local knownBy, knownCount = string.match(known or '', '^(%d+):(%d+)$')
  return by and by == knownBy and tonumber(count) < tonumber(knownCount)
end
`;

/**
 * Ends the script where the step is late, or another instance owns the session. Goes on where the session does not
 * exist: Redis has lost it then.
 */
const UNLESS_NOT_OWNED = `
local held = redis.call('HMGET', KEYS[1], 'owner', 'step', 'claim')
if held[1] == ARGV[1] and tonumber(held[2] or '0') >= tonumber(ARGV[2]) then return ${LATE} end
local exists = redis.call('EXISTS', KEYS[1]) == 1
if exists and held[1] ~= ARGV[1] then return held[3] or '' end
`;

/** Removes the pieces of the journal. */
const REMOVE_PIECES = `
for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.match(name, '^j%d+$') then redis.call('HDEL', KEYS[1], name) end
end
`;

/** Creates a session. ARGV: instance, step, lifetime in ms, text ('' for none). */
export const CREATE = new Script(`${UNLESS_NOT_OWNED}
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'step', ARGV[2])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'text', ARGV[4]) end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return ${DONE}
`);

/**
 * Makes this instance the owner, or asks a living owner to hand over. KEYS[2]: this instance's lease. ARGV: instance,
 * step, lifetime in ms, the beginning of the names of instances' channels, the session's hash, the claim ('' for
 * none), how many bytes the text and the pieces may have, with 64 for each piece. Why the name of the owner's lease is made of this instance's: a prefix which the client puts before its keys
 * is then on both.
 */
export const CLAIM = new Script(`${IS_OVERTAKEN}
local held = redis.call('HMGET', KEYS[1], 'owner', 'claim')
local owner, hasText = held[1], redis.call('HEXISTS', KEYS[1], 'text') == 1
if isOvertaken(ARGV[6], held[2]) then return {'late'} end
if ARGV[6] ~= '' and (owner or hasText) then redis.pcall('HSET', KEYS[1], 'claim', ARGV[6]) end
if owner and owner ~= ARGV[1] then
  local lease = string.sub(KEYS[2], 1, #KEYS[2] - #ARGV[1]) .. owner
  if redis.call('EXISTS', lease) == 1 then
    redis.call('PUBLISH', ARGV[4] .. owner, ARGV[5] .. (ARGV[6] ~= '' and ' ' .. ARGV[6] or ''))
    return {'busy'}
  end
end
if not hasText then
  if owner == ARGV[1] then return {'mine'} end
  redis.call('DEL', KEYS[1])
  return {'none'}
end
local most = tonumber(ARGV[7])
local bytes = redis.call('HSTRLEN', KEYS[1], 'text') + 64 * redis.call('HLEN', KEYS[1])
local names = {}
if bytes <= most then
  for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
    if string.match(name, '^j%d+$') then
      names[#names + 1] = name
      bytes = bytes + #name + redis.call('HSTRLEN', KEYS[1], name)
    end
  end
end
if bytes > most then return {'large'} end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'step', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
local pieces = {}
for _, name in ipairs(names) do
  pieces[#pieces + 1] = name
  pieces[#pieces + 1] = redis.call('HGET', KEYS[1], name)
end
return {'text', redis.call('HGET', KEYS[1], 'text'), pieces}
`);

/** Removes the text of a session that this instance has claimed: from now on its state is in this process. */
export const CONFIRM = new Script(`
local held = redis.call('HMGET', KEYS[1], 'owner', 'step', 'claim')
if held[1] ~= ARGV[1] then return held[3] or '' end
if tonumber(held[2] or '0') >= tonumber(ARGV[2]) then return ${LATE} end
redis.call('HDEL', KEYS[1], 'text')
${REMOVE_PIECES}
redis.pcall('HSET', KEYS[1], 'step', ARGV[2])
return ${DONE}
`);

/**
 * Removes the text of a session whose client is back at this instance. ARGV: instance, step, lifetime in ms, claim, the
 * step of the write whose pieces stay ('' for none). Why that: Redis may have lost them.
 */
export const REVIVE = new Script(`${IS_OVERTAKEN}${UNLESS_NOT_OWNED}
if isOvertaken(ARGV[4], held[3]) then return ${LATE} end
if ARGV[5] ~= '' and tonumber(held[2] or '0') < tonumber(ARGV[5]) then return ${STALE} end
redis.call('HDEL', KEYS[1], 'text')
if ARGV[5] == '' then
  ${REMOVE_PIECES}
end
redis.pcall('HSET', KEYS[1], 'owner', ARGV[1], 'step', ARGV[2])
if ARGV[4] ~= '' then redis.pcall('HSET', KEYS[1], 'claim', ARGV[4]) end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return ${DONE}
`);

/** Removes the pieces of the journal of a session without a text. */
export const FREE = new Script(`${UNLESS_NOT_OWNED}
${REMOVE_PIECES}
if exists then redis.pcall('HSET', KEYS[1], 'step', ARGV[2]) end
return ${DONE}
`);

/** Ends the script where the session does not exist, unless it may be new. Why: the command may have come late. */
const UNLESS_GONE = `
if not exists and ARGV[6] ~= 'new' then return ${UNKNOWN} end
if ARGV[5] ~= '' then redis.call('HSET', KEYS[1], 'claim', ARGV[5]) end
`;

/**
 * Writes a session. ARGV: instance, step, lifetime in ms, text, claim, 'new' where the session need not exist; the step
 * of the write whose pieces stay ('' for none), the number of the following names and texts of pieces, these by turns, the
 * names of pieces that go. Why in this order: at its memory limit, Redis refuses the first write, and so all of them.
 */
export const SAVE = new Script(`${UNLESS_NOT_OWNED}
if ARGV[7] ~= '' and tonumber(held[2] or '0') < tonumber(ARGV[7]) then return ${STALE} end
${UNLESS_GONE}
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'step', ARGV[2], 'text', ARGV[4])
if ARGV[7] == '' then
  ${REMOVE_PIECES}
end
local last = 8 + tonumber(ARGV[8])
for index = last + 1, #ARGV do redis.call('HDEL', KEYS[1], ARGV[index]) end
for index = 9, last, 2 do redis.call('HSET', KEYS[1], ARGV[index], ARGV[index + 1]) end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return ${DONE}
`);

/** Writes a session in one text, and gives it up. ARGV: as the first of {@link SAVE}. */
export const RELEASE = new Script(`${UNLESS_NOT_OWNED}${UNLESS_GONE}
redis.call('HSET', KEYS[1], 'text', ARGV[4])
redis.call('HDEL', KEYS[1], 'owner', 'step')
${REMOVE_PIECES}
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return ${DONE}
`);

/** Deletes a session of this instance. */
export const DELETE = new Script(`
if redis.call('HGET', KEYS[1], 'owner') == ARGV[1] then redis.call('DEL', KEYS[1]) end
return ${DONE}
`);

/** Gives up a session without writing it. ARGV: instance, the step of the claim that is undone ('' for any). */
export const DISOWN = new Script(`
local held = redis.call('HMGET', KEYS[1], 'owner', 'step')
if held[1] == ARGV[1] and (ARGV[2] == '' or held[2] == ARGV[2]) then redis.call('HDEL', KEYS[1], 'owner', 'step') end
return ${DONE}
`);

/**
 * Starts the lifetime of sessions anew, and creates those again that Redis has lost. KEYS: sessions. ARGV: instance,
 * lifetime in ms. Returns the indexes, from 1, of the sessions that others own now, each with the owner's claim:
 * '<index> <claim>'.
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
 * Renews a lease, and publishes a proof on the instance's own channel. KEYS[1]: this instance's lease. ARGV: its
 * length in ms. Returns whether the lease had not run out. Why PEXPIRE first: it needs no memory, so that a lease can
 * be kept while Redis is at its memory limit.
 */
export const RENEW = new Script(`
redis.pcall('PUBLISH', (string.gsub(KEYS[1], 'instance:(%w+)$', 'handover:%1')), 'proof:lease')
if redis.call('PEXPIRE', KEYS[1], ARGV[1]) == 1 then return 1 end
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
return 0
`);

/** Changes nothing. KEYS[1]: this instance's lease, which leads to the same node of a cluster as its renewal. */
export const PING = new Script('return 1');

/** Ends a lease. KEYS[1]: this instance's lease. */
export const END_LEASE = new Script(`return redis.call('DEL', KEYS[1])`);
