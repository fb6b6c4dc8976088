/**
 * What Redis carries out in one step for each message: it publishes the message, keeps it for those who are cut off, and passes over one that it has
 * carried out before. Two keys for each stream: the messages, by offset, and a hash with the stream's epoch, the last offset, the bytes of all messages
 * so far, and the last number of each origin. Both go some time after the last message, and a stream that begins again does so under another epoch.
 * Bytes are looked at with every large message, and every sixteenth.
 *
 * KEYS: messages, state. ARGV: channel, payload, origin, its number, entries and bytes to keep, milliseconds to keep them. Answers with the number of
 * subscribers that were reached, or -1 for a message that was carried out before.
 */
export const publishScript = String.raw`
local messages, state, channel, payload = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
local origin, bytes, life = 'o' .. ARGV[3], tonumber(ARGV[6]), tonumber(ARGV[7])
local known = redis.call('HMGET', state, origin, 'epoch', 'offset', 'total', 'touched')
if known[1] and tonumber(ARGV[4]) <= tonumber(string.match(known[1], '^%d+')) then return -1 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local clock = string.format('%d', now)
local epoch = known[2]
if not epoch then
  epoch = string.format('%d%06d', time[1], time[2])
  redis.call('DEL', messages)
end
local offset = tonumber(known[3] or 0) + 1
local place = '\207' .. struct.pack('>I8', tonumber(epoch)) .. '\206' .. struct.pack('>I4', offset)
local sent = string.char(string.byte(payload) + 2) .. string.sub(payload, 2) .. place
local total = tonumber(known[4] or 0) + #sent
local touched = known[5]
local fresh = touched and now - tonumber(touched) < life / 16
if not fresh then touched = clock end
local id, sum = string.format('%d', offset), string.format('%d', total)
redis.call('HSET', state, origin, ARGV[4] .. ' ' .. clock, 'epoch', epoch, 'offset', id, 'total', sum, 'touched', touched)
redis.call('XADD', messages, 'MAXLEN', ARGV[5], id .. '-0', 'c', channel, 't', clock, 'p', sent, 'b', sum)
if not fresh then
  local expiry = string.format('%d', math.ceil(life * 17 / 16))
  redis.call('PEXPIRE', messages, expiry)
  redis.call('PEXPIRE', state, expiry)
end
if offset % 16 == 0 or #sent * 16 > bytes then
  local first = redis.call('XRANGE', messages, '-', '+', 'COUNT', 1)[1]
  while first and total - tonumber(first[2][8]) + #first[2][6] > bytes do
    redis.call('XDEL', messages, first[1])
    first = redis.call('XRANGE', messages, '-', '+', 'COUNT', 1)[1]
  end
end
if offset % 256 == 0 and redis.call('HLEN', state) > 512 then
  local fields = redis.call('HGETALL', state)
  for at = 1, #fields, 2 do
    local seen = string.match(fields[at + 1], ' (%d+)$')
    if seen and now - tonumber(seen) > life then redis.call('HDEL', state, fields[at]) end
  end
end
return redis.call('PUBLISH', channel, sent)
`;

/**
 * Reads what a stream has kept. KEYS: messages, state. ARGV: the epoch and the offset up to which it is known, or nothing. Answers with nothing where
 * there is no stream, else with its epoch, its last offset, its time in milliseconds, and the messages from there on, or all of another epoch.
 */
export const readScript = String.raw`
local epoch = redis.call('HGET', KEYS[2], 'epoch')
if not epoch then return {} end
local from = '-'
if epoch == ARGV[1] then from = string.format('%d-0', ARGV[2] + 1) end
local time = redis.call('TIME')
local now = string.format('%d', time[1] * 1000 + math.floor(time[2] / 1000))
return { epoch, redis.call('HGET', KEYS[2], 'offset'), now, redis.call('XRANGE', KEYS[1], from, '+') }
`;
