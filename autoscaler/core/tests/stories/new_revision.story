# A new revision has its initial pod, becomes active, and goes to sleep after a stable window without traffic.
pods start 300ms
start replicas=1
wait 299ms
ready 1
wait 3m
