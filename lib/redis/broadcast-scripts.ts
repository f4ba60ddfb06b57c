import { Script } from './script.js';

/*
 * What servers have in Redis for their events, besides the channels:
 *   PREFIXbroadcast:count       a hash whose field `n` is the number of the last event
 *   PREFIXbroadcast:servers     a hash with the ids of the servers that answer questions
 *   PREFIXbroadcast:server:ID   exists while that server lives
 * Why hashes: an ACL user needs no other commands than those of the session store.
 */

/**
 * Numbers an event, and publishes it. KEYS: the count. ARGV: channel, the number before the first one, text. Why `pcall`:
 * Redis at its memory limit refuses the write, and the event must go all the same.
 */
export const SEND = new Script(`
local n = redis.call('HGET', KEYS[1], 'n')
n = string.format('%.0f', tonumber(n or ARGV[2]) + 1)
redis.pcall('HSET', KEYS[1], 'n', n)
redis.call('PUBLISH', ARGV[1], n .. ' ' .. ARGV[3])
return n
`);

/**
 * Tells that a server lives, and which others do. KEYS: the servers, the key of this one, the count. ARGV: this server's
 * id, for how many milliseconds it counts as alive (0: it is leaving). Returns the number of the last event, and the ids.
 */
export const MEET = new Script(`
if ARGV[2] == '0' then
  redis.call('HDEL', KEYS[1], ARGV[1])
  redis.call('DEL', KEYS[2])
else
  redis.pcall('HSET', KEYS[1], ARGV[1], '')
  redis.pcall('SET', KEYS[2], '', 'PX', ARGV[2])
end
local answer = {redis.call('HGET', KEYS[3], 'n') or ''}
local prefix = string.sub(KEYS[2], 1, #KEYS[2] - #ARGV[1])
for _, id in ipairs(redis.call('HKEYS', KEYS[1])) do
  if redis.call('EXISTS', prefix .. id) == 1 then answer[#answer + 1] = id
  else redis.call('HDEL', KEYS[1], id) end
end
return answer
`);
