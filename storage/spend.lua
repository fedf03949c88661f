-- One offer charged to its budget and to the person's count, if both have room; else nothing.
-- KEYS[1]: the budget. KEYS[2]: the person's count. KEYS[3] and on: the person's counts under other
-- ids, which count as well.
-- ARGV: the cost, the budget's limit (-1: none), how long the budget is kept (ms, 0: for ever), the
-- person's limit (-1: none), how long the count is kept (ms). Costs are whole numbers.
-- Answers with 1 charged, 0 the budget has no room, 2 the person has had it often enough.
local cost, limit, often = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[4])
if often >= 0 then
  local offered = 0
  for at = 2, #KEYS do
    offered = offered + tonumber(redis.call('GET', KEYS[at]) or '0')
  end
  if offered >= often then
    return 2
  end
end
if limit >= 0 then
  if tonumber(redis.call('GET', KEYS[1]) or '0') + cost > limit then
    return 0
  end
  redis.call('INCRBY', KEYS[1], cost)
  if tonumber(ARGV[3]) > 0 then
    redis.call('PEXPIRE', KEYS[1], ARGV[3])
  end
end
if often >= 0 and redis.call('INCR', KEYS[2]) == 1 then
  redis.call('PEXPIRE', KEYS[2], ARGV[5])
end
return 1
