"""The long proofs: real processes, real SIGKILL, the vendor's own ledger as the judge.

`./portal torture` runs them at length (`--only` one of them), `./portal test` a short form of each. Which fault is
proven where, and how it may end:

================================================================  =====================================================
fault → the only acceptable end                                   proven by
================================================================  =====================================================
refused, no name, no TLS → queued, no mark                        upstream/test_transport, sending/test_one_send
taken, no answer → in doubt, then settled by its receipt          matrix (“answer lost”), sending/test_one_send
not taken, no answer → in doubt until a person decides            matrix (“lost, not taken”), sending/test_late_news
5xx, 408, 3xx before or after taking → the same two               matrix (“500 taken”, “502 HTML”, “503 torn”, “408
                                                                  taken”, “307”), sending/test_one_send
429 with 7, a date, −5, 1e9, “soon”, nothing → held accordingly   upstream/test_verdicts, sending/test_retry_after;
                                                                  matrix (“429”): nothing is lost meanwhile
answers torn, odd, huge, deep, compressed → in doubt, in < 50 MB  upstream/test_verdicts; matrix (“201 odd”, “200 torn”)
307 to another host → never followed                              upstream/test_transport; matrix (“307”)
equal codes, codes that begin others → each to its own            test_wrong (by substring), tracking/test_matching
receipts doubled, reordered, late, broken, folded, forged,        tracking/test_receipts, test_reading, test_matching;
of another tenant → only true ones count                          test_wrong (identity without date)
an inbox that grows, repeats, omits or shuffles pages, fails,     tracking/test_walk; matrix (every fault of an inbox
miscounts → complete only when truly so                           in `trouble.INBOX`), test_wrong (trusted page count)
kill -9, OOM (the same signal) → invariants, no orphan            matrix (“worker”, “group”), test_killing
parent killed alone → the same                                    matrix (“parent”), kernel/test_clusters
SIGTERM to the group → ends soon, nothing in doubt                matrix (“term”), test_stopping, kernel/test_clusters
SIGSTOP for three leases → nothing twice                          matrix (“sleep”)
a whole host dies → another goes on within a minute               test_hosts
database restarted, even within a COMMIT → recorded again         test_hosts (`gone`), test_outages (cut commits)
database read-only, out of connections → the same, nothing        test_hosts (`read_only`, `crowded`)
claimed
database's disk full → the same                                   test_hosts (`full`); SQLite's: test_outages
disk full for uploads → nothing half is kept                      not proven with a full disk
restored backup, clone → nothing twice                            test_restored, kernel/test_deployment
a job that pays for a mailbox is killed → nothing is asked for     test_acting; mailboxes/test_doubts
twice without a person's word
clocks ± 1 h, days of 23 and 25 hours → caps right                pacing/test_limits, test_hours; leases are measured by
                                                                  the database's clock: hosts of unlike clocks, not here
================================================================  =====================================================
"""
