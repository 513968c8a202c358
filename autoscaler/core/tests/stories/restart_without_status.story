# A new revision whose Deployment was scaled to zero but whose status was lost is brought up once.
pods start 50ms
start replicas=0
wait 3m
