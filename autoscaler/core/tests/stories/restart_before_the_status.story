# The process ended between the scale and the status of a cold start: the pod is not taken for an idle one.
pods start 50ms
start replicas=1 initialized phase=Idle
ready 1
load 1 for 5s
wait 5m
