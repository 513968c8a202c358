# max-scale-down-rate: at most half of the pods go in two seconds; reaching zero takes several steps.
annotation window 6s
annotation target 1
annotation target-utilization-percentage 100
pods start 10ms
start replicas=1 ready=1 initialized phase=Active
load 20 for 10s
wait 2m
