# Ten pods, ten busy requests. Three more wait: chance could do that, so a second look must confirm it; thirty more are no
# chance.
limit 1
annotation target-utilization-percentage 100
pods start 100ms
start replicas=10 ready=10 initialized phase=Active
load 10 for 120s
poke 3 10
load 13 for 5s
poke 30 13
load 43 for 5s
