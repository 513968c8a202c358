# With a hard limit the target annotation can only lower the target; waiters are counted against the limit.
limit 10
annotation target 5
annotation target-utilization-percentage 100
pods start 100ms
start initialized phase=Idle
poke 100
load 100 for 10s
