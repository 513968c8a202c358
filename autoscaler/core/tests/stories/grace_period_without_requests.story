# A revision that never had a request does not wait for the grace period.
annotation window 6s
pods start 20ms
start replicas=1
wait 3m
