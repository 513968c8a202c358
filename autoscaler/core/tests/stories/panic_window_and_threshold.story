# A longer panic window and a higher threshold: the same load does not panic.
annotation target 10
annotation target-utilization-percentage 100
annotation panic-window-percentage 50
annotation panic-threshold-percentage 1000
pods start 1s
start replicas=1 ready=1 initialized phase=Active
load 8 for 60s
load 60 for 60s
