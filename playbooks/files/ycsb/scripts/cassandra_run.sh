#!/bin/bash
# cassandra_run.sh HOST WORKLOAD RECORDS NODES REPETITION RF
# Runs the benchmark once. NODES and RF only become part of the name of the result.
host=$1 workload=$2 records=$3 nodes=$4 repetition=$5 rf=$6
result=/ycsb_outputs/out-$nodes-$records-rf$rf-$workload-$repetition.txt
"$YCSB_HOME/bin/ycsb" run cassandra-cql -s -P "$YCSB_HOME/workloads/workload$workload" -p hosts="$host" \
  -p recordcount="$records" -p operationcount=10000 \
  -p cassandra.connecttimeoutmillis=60000 -p cassandra.readtimeoutmillis=60000 > "$result" 2>&1
