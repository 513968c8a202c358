# No limit, a hundred users: the default target of 70 asks for two pods and no more.
pods start 200ms
start initialized phase=Idle
poke 100
load 100 for 60s
wait 3m
