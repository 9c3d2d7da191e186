-- Admission: settles calls that ended, then books the next one. One round trip, atomic for all workers.
--
-- KEYS[1] = epoch, KEYS[2] = closed, the rest as the numbers in the ask say. ARGV[1] = the ask, as JSON; the others are
-- the tiers of candidates in order of preference, each a list in JSON, read only when their turn comes.
--   channel                 where news is told
--   epoch, fresh            the epoch this worker knows ('' for none), and a name for one that has to be begun
--   pause, resume           how long limits wait after Redis lost its memory (us); true: this worker was without Redis
--   breaker                 slot, first, longest (us)
--   settles                 calls that ended: see settle()
--   asides, rests           what this worker remembers to be put aside or resting, after Redis lost its memory
--   id, horizon, lead, full the call's id, how far ahead a call may be booked, how soon it could be sent, how soon to come
--                           back to a pool that is full (us)
--   mirror                  true: answer what is put aside, too
-- Answers { booked (1 | 0), candidate, wait (us), why not, spacing of what the candidates allow together (us),
--           bound of calls in flight, epoch, ends[3], took[3], limits[3], closed (name, ms left, ...) }.
--
-- Limits are booking GCRA: a hash holds, for each dimension, the time up to which everything is booked (TAT). Times are
-- microseconds since an epoch of our own, whole numbers that doubles hold exactly.

local DIMS = { 'requests', 'tokens', 'images' }
local DAY_MS = 86400000
local HOUR = 3600000000

local ask = cjson.decode(ARGV[1])
local clock = redis.call('TIME')
local now = (tonumber(clock[1]) - 1750000000) * 1000000 + tonumber(clock[2])
local unix_ms = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)

local function number(value) return value and tonumber(value) or 0 end
local function text(value) return string.format('%.0f', value) end
local function tell(news) redis.call('PUBLISH', ask.channel, cjson.encode(news)) end
local function ms(us) return math.max(0, math.ceil(us / 1000)) end

-- The tighter of what was stated and what was learnt; 0 is none.
local function tighter(stated, learnt)
  if stated == 0 then return learnt end
  if learnt == 0 then return stated end
  return math.min(stated, learnt)
end

-- ---- epoch: tells that Redis lost its memory ------------------------------------------------------------------------

-- Nothing with a limit goes before `base`, and then without credit for the time before: what was booked and is forgotten
-- may still be sent until then. It is 0 in a fresh installation.
local epoch, base = nil, 0
do
  local stored = redis.call('GET', KEYS[1])
  local write = false
  if stored then
    local bar = string.find(stored, '|', 1, true)
    epoch, base = string.sub(stored, 1, bar - 1), number(string.sub(stored, bar + 1))
    -- Begun by a worker that knew of nothing before; this one does.
    if ask.epoch ~= '' and ask.epoch ~= epoch and base == 0 then base, write = now + ask.pause, true end
  else
    epoch, write = ask.fresh, true
    if ask.epoch ~= '' then base = now + ask.pause end
  end
  if ask.resume and base < now + ask.pause then base, write = now + ask.pause, true end
  if write then redis.call('SET', KEYS[1], epoch .. '|' .. text(base)) end
end

-- ---- breakers -------------------------------------------------------------------------------------------------------

-- Opens the breaker for `rest`.
local function open(key, name, rest)
  redis.call('DEL', key)
  redis.call('HSET', key, 'state', 'open', 'until', text(now + rest), 'backoff', text(rest))
  redis.call('PEXPIRE', key, DAY_MS)
  tell({ kind = 'breaker', name = name, for_ms = ms(rest) })
end

-- Takes in how a call ended: 'ok', 'bad', or 'none' where that says nothing.
local function judge(key, name, id, ended)
  local state = redis.call('HMGET', key, 'state', 'backoff', 'probe', 'ramp', 'won')
  local longer = math.min(number(state[2]) * 2, ask.breaker.longest)
  if not state[1] then
    if ended == 'none' then return end
    local slot = math.floor(now / ask.breaker.slot)
    if redis.call('HINCRBY', key, 'c' .. slot, 1) == 1 then
      for past = 6, 17 do redis.call('HDEL', key, 'c' .. (slot - past), 'f' .. (slot - past)) end
      redis.call('PEXPIRE', key, DAY_MS)
    end
    if ended == 'ok' then return end
    redis.call('HINCRBY', key, 'f' .. slot, 1)
    local calls, failed = 0, 0
    for past = 0, 5 do
      local counted = redis.call('HMGET', key, 'c' .. (slot - past), 'f' .. (slot - past))
      calls, failed = calls + number(counted[1]), failed + number(counted[2])
    end
    if calls >= 10 and failed * 2 >= calls then open(key, name, ask.breaker.first) end
  elseif state[1] == 'open' then
    -- Only the probe counts: the others were sent before.
    if state[3] ~= id then return end
    if ended == 'ok' then
      redis.call('DEL', key)
      redis.call('HSET', key, 'state', 'ramp', 'backoff', state[2], 'ramp', 1, 'won', 0)
      redis.call('PEXPIRE', key, DAY_MS)
    elseif ended == 'bad' then open(key, name, longer)
    else redis.call('HDEL', key, 'probe', 'probe_until') end
  elseif redis.call('HDEL', key, 'i:' .. id) == 1 then
    if ended == 'bad' then return open(key, name, longer) end
    if ended == 'none' then return end
    local ramp, won = number(state[4]), number(state[5]) + 1
    if won >= ramp then ramp, won = ramp * 2, 0 end
    if ramp > 16 then redis.call('DEL', key) else redis.call('HSET', key, 'ramp', ramp, 'won', won) end
  end
end

-- Whether the breaker lets a call through: nil if so, or when to ask again. The second answer says what the call is to it.
local function barred(key)
  local state = redis.call('HMGET', key, 'state', 'until', 'probe_until', 'ramp')
  if not state[1] then return nil end
  if state[1] == 'open' then
    if number(state[2]) > now then return number(state[2]) end
    if number(state[3]) > now then return now + 250000 end
    return nil, 'probe'
  end
  local fields, out = redis.call('HGETALL', key), 0
  for at = 1, #fields, 2 do
    if string.sub(fields[at], 1, 2) == 'i:' and number(fields[at + 1]) > now then out = out + 1 end
  end
  if out >= number(state[4]) then return now + 50000 end
  return nil, 'ramp'
end

-- ---- settling -------------------------------------------------------------------------------------------------------

-- What a pool's headers say. A limit is only ever tightened; one that is an hour old is believed anew.
local function learn(pm, s)
  local known = redis.call('HMGET', pm, 'limit_requests', 'limit_tokens', 'limit_images', 'seen_requests', 'seen_tokens',
    'seen_images', 'requests', 'tokens', 'images')
  local set = {}
  local function keep(field, value) set[#set + 1] = field; set[#set + 1] = value end
  for i, dim in ipairs(DIMS) do
    local learnt, said = number(known[i]), s.limits[i]
    if said > 0 and (learnt == 0 or said < learnt or now - number(known[i + 3]) > HOUR) then
      learnt = said
      keep('limit_' .. dim, said)
      keep('seen_' .. dim, text(now))
    end
    local left, limit = s.left[i], tighter(s.stated[i], learnt)
    if left >= 0 then
      keep('left_' .. dim, left)
      -- Nearly used up by whatever count the provider keeps: the next call waits its spacing, without credit.
      if limit > 0 and left * 50 <= limit then
        local from = now + math.max(s.tau, math.ceil(s.span / limit))
        if from > number(known[i + 6]) then keep(dim, text(from)) end
      end
    end
  end
  if #set > 0 then
    redis.call('HSET', pm, unpack(set))
    redis.call('PEXPIRE', pm, DAY_MS)
  end
end

-- What the call used beyond what was booked for it, or, where the provider gives that back, less.
local function charge(pm, s)
  local known = redis.call('HMGET', pm, 'tokens', 'limit_tokens')
  local limit = tighter(s.stated[2], number(known[2]))
  if limit == 0 then return end
  local tat, extra = number(known[1]), math.ceil(s.extra * s.span / limit)
  if extra > 0 then tat = math.max(tat, now) + extra else tat = math.max(tat + extra, math.min(tat, now)) end
  redis.call('HSET', pm, 'tokens', text(tat))
end

local function rest(pm, name, length, class)
  if now + length <= number(redis.call('HGET', pm, 'hold')) then return end
  redis.call('HSET', pm, 'hold', text(now + length), 'hold_class', class)
  redis.call('PEXPIRE', pm, math.max(DAY_MS, ms(length)))
  tell({ kind = 'rest', name = name, for_ms = ms(length) })
end

local function put_aside(name, length_ms, class)
  local known = redis.call('HGET', KEYS[2], name)
  local since = unix_ms
  if known then
    local entry = cjson.decode(known)
    if entry.until_ms > unix_ms then since = entry.since_ms end
    if entry.until_ms >= unix_ms + length_ms then return end
  end
  local entry = { until_ms = unix_ms + length_ms, class = class, since_ms = since }
  redis.call('HSET', KEYS[2], name, cjson.encode(entry))
  tell({ kind = 'closed', name = name, for_ms = length_ms, class = class })
end

-- Calls in flight: grows by one for each window of successes (doubles before the first trouble), and shrinks by 0.7, once
-- for all the calls that failed together.
local function adapt(s)
  local cc = KEYS[s.cc]
  local known = redis.call('HMGET', cc, 'conc', 'cut_at', 'ok', 'tight')
  local conc = number(known[1])
  if s.slow then
    if now - number(known[2]) < s.cut_gap then return end
    local flight = redis.call('ZCARD', KEYS[s.fl]) + 1
    local bound = conc > 0 and math.min(conc, flight) or flight
    redis.call('HSET', cc, 'conc', math.max(1, math.floor(bound * 0.7)), 'cut_at', text(now), 'ok', 0)
    redis.call('PEXPIRE', cc, DAY_MS)
  elseif conc > 0 and known[4] then
    -- Only a bound that turned a call away has to be more.
    local ok = number(known[3]) + 1
    if ok >= conc then
      ok = 0
      conc = known[2] and conc + 1 or conc * 2
      if s.max > 0 then conc = math.min(conc, s.max) end
      redis.call('HSET', cc, 'conc', conc, 'ok', 0)
      redis.call('HDEL', cc, 'tight')
    else
      redis.call('HSET', cc, 'ok', ok)
    end
  end
end

-- A call that ended. `ended`: ok, bad, away (no connection), none (nothing known), unsent.
local function settle(s)
  local pm = KEYS[s.pm]
  redis.call('ZREM', KEYS[s.fl], s.id)
  if s.ended == 'unsent' then
    -- Given back where nobody stands behind it: those who do keep their times, and a hole is not filled.
    local tats = redis.call('HMGET', pm, unpack(DIMS))
    for i, dim in ipairs(DIMS) do
      if s.ends[i] > 0 and number(tats[i]) == s.ends[i] then redis.call('HSET', pm, dim, text(s.ends[i] - s.took[i])) end
    end
  end
  if s.told then learn(pm, s) end
  if s.extra ~= 0 then charge(pm, s) end
  if s.hold > 0 then rest(pm, s.name, s.hold, s.class) end
  if s.aside ~= '' then put_aside(s.aside, s.aside_ms, s.class) end
  if s.slow or s.ended == 'ok' then adapt(s) end
  local model, host = s.ended, s.ended
  if s.ended == 'away' then model, host = 'bad', 'bad' elseif s.ended == 'bad' then host = 'ok' end
  if s.ended == 'unsent' then model, host = 'none', 'none' end
  judge(KEYS[s.model], s.model_name, s.id, model)
  judge(KEYS[s.host], s.host_name, s.id, host)
end

for _, s in ipairs(ask.settles) do settle(s) end
for _, aside in ipairs(ask.asides) do put_aside(aside.name, aside.ms, aside.class) end
for _, r in ipairs(ask.rests) do rest(KEYS[r.pm], r.name, r.us, r.class) end

-- ---- booking --------------------------------------------------------------------------------------------------------

-- When a candidate's call could go (nil: not within what can be booked), and all that a booking needs. Else: when to ask
-- again, and why.
local function look(c)
  local roles = {}
  for _, breaker in ipairs({ c.model, c.host }) do
    local again, role = barred(KEYS[breaker])
    if again then return nil, again, 'breaker', 0 end
    if role then roles[KEYS[breaker]] = role end
  end
  local pm = redis.call('HMGET', KEYS[c.pm], 'requests', 'tokens', 'images', 'limit_requests', 'limit_tokens',
    'limit_images', 'hold')
  local hold = number(pm[7])
  local limits, tats, took, spacing, limited = {}, {}, {}, 0, false
  local at = math.max(now, hold)
  local after_hold = hold > 0 and hold + c.tau or 0
  local after_base = base > 0 and base + c.tau or 0
  for i = 1, 3 do
    limits[i] = tighter(c.stated[i], number(pm[i + 3]))
    tats[i], took[i] = 0, 0
    if limits[i] > 0 then limited = true end
    if limits[i] > 0 and c.cost[i] > 0 then
      if c.cost[i] > limits[i] then return nil, 0, 'large', 0 end
      local us = math.ceil(c.cost[i] * c.span / limits[i])
      local tat = math.max(number(pm[i]), now + ask.lead, after_hold, after_base)
      -- One call larger than the credit waits until everything before it has gone.
      at = math.max(at, us > c.tau and tat or tat + us - c.tau, now + ask.lead)
      tats[i], took[i] = tat, us
      spacing = math.max(spacing, us)
    end
  end
  local known = redis.call('HMGET', KEYS[c.cc], 'conc', 'cut_at')
  local bound = number(known[1])
  if not known[2] then
    -- Until the first trouble, limits that are known bound a pool by themselves.
    if limited then
      if bound > 0 then redis.call('HDEL', KEYS[c.cc], 'conc', 'ok') end
      bound = 0
    elseif bound == 0 and c.start > 0 then
      bound = c.start
      redis.call('HSET', KEYS[c.cc], 'conc', bound, 'ok', 0)
      redis.call('PEXPIRE', KEYS[c.cc], DAY_MS)
    end
  end
  if c.max > 0 then bound = bound > 0 and math.min(bound, c.max) or c.max end
  if bound > 0 then
    redis.call('ZREMRANGEBYSCORE', KEYS[c.fl], '-inf', text(now))
    if redis.call('ZCARD', KEYS[c.fl]) >= bound then
      redis.call('HSET', KEYS[c.cc], 'tight', 1)
      return nil, math.max(at, now + ask.full), 'full', 0
    end
  end
  return at, at, hold > now and 'rest' or 'limit', spacing,
    { tats = tats, took = took, limits = limits, roles = roles, bound = bound }
end

local function book(c, at, found)
  local ends, set = { 0, 0, 0 }, {}
  for i, dim in ipairs(DIMS) do
    if found.took[i] > 0 then
      -- Charged at its time, not at the booking.
      ends[i] = math.max(found.tats[i], at) + found.took[i]
      set[#set + 1] = dim
      set[#set + 1] = text(ends[i])
    end
  end
  if #set > 0 then
    redis.call('HSET', KEYS[c.pm], unpack(set))
    redis.call('PEXPIRE', KEYS[c.pm], DAY_MS)
  end
  redis.call('ZADD', KEYS[c.fl], text(at + c.ttl), ask.id)
  redis.call('PEXPIRE', KEYS[c.fl], ms(at - now + c.ttl) + 60000)
  for key, role in pairs(found.roles) do
    if role == 'probe' then redis.call('HSET', key, 'probe', ask.id, 'probe_until', text(at + c.ttl))
    else redis.call('HSET', key, 'i:' .. ask.id, text(at + c.ttl)) end
  end
  return ends
end

local function texts(values) return { text(values[1]), text(values[2]), text(values[3]) } end

local place, soonest, why, rate = 0, nil, '', 0
for tier = 2, #ARGV do
  local best, best_at, best_found
  for _, c in ipairs(cjson.decode(ARGV[tier])) do
    place = place + 1
    local at, again, reason, spacing, found = look(c)
    if spacing > 0 then rate = rate + 1 / spacing end
    if at and (not best or at < best_at) then best, best_at, best_found = { c, place }, at, found end
    if why == '' or reason ~= 'large' and (why == 'large' or again < soonest) then soonest, why = again, reason end
    if at and at <= now + ask.lead then break end
  end
  if best and best_at - now <= ask.horizon then
    local ends = book(best[1], best_at, best_found)
    return { 1, best[2], text(best_at - now), '', '0', text(best_found.bound), epoch, texts(ends), texts(best_found.took),
      texts(best_found.limits), {} }
  end
end

local closed = {}
if ask.mirror then
  local entries = redis.call('HGETALL', KEYS[2])
  for at = 1, #entries, 2 do
    local left = cjson.decode(entries[at + 1]).until_ms - unix_ms
    if left <= 0 then redis.call('HDEL', KEYS[2], entries[at])
    else
      closed[#closed + 1] = entries[at]
      closed[#closed + 1] = text(left)
    end
  end
end
local wait = soonest and math.max(0, soonest - now) or 0
local spacing = rate > 0 and 1 / rate or 0
return { 0, 0, text(wait), why, text(spacing), '0', epoch, {}, {}, {}, closed }
