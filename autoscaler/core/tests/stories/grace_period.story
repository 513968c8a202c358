# With a short window the grace period is what the last pod waits for, counted from the last request.
annotation window 6s
pods start 20ms
start initialized phase=Idle
poke 1
load 1 for 1s
wait 3m
