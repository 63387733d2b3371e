#!/bin/bash
# cassandra_load.sh HOST WORKLOAD RECORDS NODES RF
# Makes the table of the benchmark anew and fills it. NODES only becomes part of the name of the result.
host=$1 workload=$2 records=$3 nodes=$4 rf=$5
result=/ycsb_outputs/out-load-$nodes-$records-rf$rf-$workload.txt
fields=$(printf ', field%d varchar' 0 1 2 3 4 5 6 7 8 9)
{
  cqlsh "$host" -e "DROP KEYSPACE IF EXISTS ycsb;" &&
    cqlsh "$host" -e "CREATE KEYSPACE ycsb WITH REPLICATION = {'class': 'SimpleStrategy', 'replication_factor': $rf};" &&
    cqlsh "$host" -e "CREATE TABLE ycsb.usertable (y_id varchar PRIMARY KEY$fields);" &&
    "$YCSB_HOME/bin/ycsb" load cassandra-cql -s -P "$YCSB_HOME/workloads/workload$workload" -p hosts="$host" \
      -p recordcount="$records" -p core_workload_insertion_retry_limit=5 \
      -p cassandra.connecttimeoutmillis=60000 -p cassandra.readtimeoutmillis=60000
} > "$result" 2>&1
