# A revision that no route leads to goes straight down: no rate, no delay, no retention, no minimum.
annotation window 6s
annotation min-scale 2
annotation scale-down-delay 1m
annotation scale-to-zero-pod-retention-period 10m
annotation target 1
pods start 10ms
start replicas=2 ready=2 initialized phase=Active
load 10 for 20s
reachability Unreachable
wait 5m
