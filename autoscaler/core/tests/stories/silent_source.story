# The observations stop without an all-zero one: the averages leave the gap out until it is as long as the window.
annotation target 10
annotation target-utilization-percentage 100
pods start 100ms
start replicas=1 ready=1 initialized phase=Active
silent 30 for 90s
wait 3m
