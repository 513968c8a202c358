# The client left before the pod was ready: the pod gets its time, then everything goes to sleep as usual.
annotation window 6s
pods start 5s
start initialized phase=Idle
poke 3
load 3 for 1s
wait 3m
