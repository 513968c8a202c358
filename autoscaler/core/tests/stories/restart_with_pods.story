# After a restart with pods nothing is taken away before a stable window was seen.
pods start 50ms
start replicas=5 ready=0 initialized phase=Active
wait 100ms
ready 5
load 20 for 30s
wait 5m
