# scale-down-delay: less load must last before pods are taken away.
annotation scale-down-delay 30s
annotation window 6s
annotation target 10
annotation target-utilization-percentage 100
pods start 100ms
start replicas=1 ready=1 initialized phase=Active
load 50 for 20s
load 10 for 20s
wait 3m
