# Scaled on arrivals, with one long request: no arrivals are no reason to take its pod away.
annotation metric rps
annotation window 6s
pods start 20ms
start initialized phase=Idle
poke 1
load 1 for 2m
wait 2m
