# A revision at zero stays there, and has no timer.
start replicas=0 initialized phase=Idle
wait 5m
