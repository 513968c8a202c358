# min-scale holds at once, is live, and does not hold for a revision that no route leads to.
annotation min-scale 4
pods start 100ms
start replicas=1
wait 10s
annotation min-scale 2
wait 10s
annotation min-scale 3
wait 3m
reachability Unreachable
wait 3m
