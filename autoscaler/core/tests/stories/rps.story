# Scaled on arrivals: 200 per second and pod, of which 70 percent are used. Waiting requests without a limit need one pod.
annotation metric rps
pods start 100ms
start initialized phase=Idle
poke 50
load 5 for 30s rate=900
wait 3m
