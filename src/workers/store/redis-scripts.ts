/** @file The store's writes that touch several keys of Redis, each one script and so one atomic effect. */

/**
 * Removes from the lists what has expired: Redis drops such a document by itself, and tells nobody. A few at a time, with
 * every insertion, so that there are never many more than there are documents.
 */
const purge = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  for _, entry in ipairs(redis.call('ZRANGEBYSCORE', PREFIX .. 'ends', '-inf', now, 'LIMIT', 0, 20)) do
    local gone = cjson.decode(entry)
    if redis.call('HGET', PREFIX .. 'doc:' .. gone[1] .. ':' .. gone[2], 'number') ~= gone[4] then
      if redis.call('ZSCORE', PREFIX .. 'all:' .. gone[1], gone[2]) == gone[4] then
        redis.call('ZREM', PREFIX .. 'all:' .. gone[1], gone[2])
      end
      if gone[3] ~= '' and redis.call('ZSCORE', PREFIX .. 'own:' .. gone[1] .. ':' .. gone[3], gone[2]) == gone[4] then
        redis.call('ZREM', PREFIX .. 'own:' .. gone[1] .. ':' .. gone[3], gone[2])
      end
      redis.call('ZREM', PREFIX .. 'ends', entry)
    end
  end`;

const withPrefix = (script: string) => `local PREFIX = ARGV[1]\n${script}`;

/** Arguments: prefix, kind, id, owner ("" for none; a name otherwise begins with "="), value, milliseconds to live or "". */
export const insertScript = withPrefix(`${purge}
  local kind, id, owner, value, life = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
  local doc = PREFIX .. 'doc:' .. kind .. ':' .. id
  if redis.call('EXISTS', doc) == 1 then return 0 end
  local number = tostring(redis.call('INCR', PREFIX .. 'numbers'))
  redis.call('HSET', doc, 'value', value, 'version', number, 'number', number, 'owner', owner)
  redis.call('ZADD', PREFIX .. 'all:' .. kind, number, id)
  if owner ~= '' then redis.call('ZADD', PREFIX .. 'own:' .. kind .. ':' .. owner, number, id) end
  if life ~= '' then
    redis.call('PEXPIRE', doc, life)
    redis.call('ZADD', PREFIX .. 'ends', now + life, cjson.encode({ kind, id, owner, number }))
  end
  return 1`);

/** Arguments: prefix, kind, id, version that was read, value. 1 where it was that version still. */
export const replaceScript = withPrefix(`
  local doc = PREFIX .. 'doc:' .. ARGV[2] .. ':' .. ARGV[3]
  if redis.call('HGET', doc, 'version') ~= ARGV[4] then return 0 end
  redis.call('HSET', doc, 'value', ARGV[5], 'version', redis.call('INCR', PREFIX .. 'numbers'))
  return 1`);

/** Arguments: prefix, kind, id. */
export const removeScript = withPrefix(`
  local doc = PREFIX .. 'doc:' .. ARGV[2] .. ':' .. ARGV[3]
  local owner = redis.call('HGET', doc, 'owner')
  if not owner then return 0 end
  redis.call('DEL', doc)
  redis.call('ZREM', PREFIX .. 'all:' .. ARGV[2], ARGV[3])
  if owner ~= '' then redis.call('ZREM', PREFIX .. 'own:' .. ARGV[2] .. ':' .. owner, ARGV[3]) end
  return 1`);

/**
 * Arguments: prefix, kind, owner, number to begin before, or "+inf", and how many. Flat: id, value, number, … A list may
 * name a document that has expired, or one that has been added again since under another number.
 */
export const listScript = withPrefix(`
  local kind, owner, below, wanted = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
  local list = PREFIX .. 'all:' .. kind
  if owner ~= '' then list = PREFIX .. 'own:' .. kind .. ':' .. owner end
  local found = {}
  while #found < wanted * 3 do
    local entries = redis.call('ZREVRANGEBYSCORE', list, below, '-inf', 'WITHSCORES', 'LIMIT', 0, wanted)
    if #entries == 0 then break end
    for i = 1, #entries, 2 do
      local id, number = entries[i], entries[i + 1]
      local doc = redis.call('HMGET', PREFIX .. 'doc:' .. kind .. ':' .. id, 'value', 'number')
      if doc[2] == number and #found < wanted * 3 then
        found[#found + 1] = id
        found[#found + 1] = doc[1]
        found[#found + 1] = number
      end
      below = '(' .. number
    end
  end
  return found`);

/** Arguments: prefix, counter, amount, milliseconds. */
export const countScript = withPrefix(`
  local key = PREFIX .. 'count:' .. ARGV[2]
  local sum = redis.call('INCRBY', key, ARGV[3])
  if redis.call('PTTL', key) < 0 then redis.call('PEXPIRE', key, ARGV[4]) end
  return sum`);
