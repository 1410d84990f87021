// Package interop holds toychain against software and data that it did not write. It
// is a module of its own, so that the main module's list of dependencies stays
// short, and all of it is tests. Who judges what:
//
//	btcd's consensus code     random trees with every rule broken, 30 deep     oracle_test.go faults_test.go
//	                          a node of ours that mines and pays, its pool     story_test.go judge_test.go
//	                          retargets                                        retarget_test.go
//	btcd's full-block tests   our rules, btcd's script engine in the seam      fullblocks_test.go engine_test.go
//	btcd's txscript           digests, strict DER                              sighash_test.go der_test.go
//	btcd's merkleblock        proofs, byte for byte                            proof_test.go
//	btcd's miner's tools      a block of our template                          outsideminer_test.go
//	btcd's rpcclient          every call that a node answers                   rpcclient_test.go rpcclientall_test.go
//	fork-observer             the calls that it makes, by RPC and REST         forkobserver_test.go
//	bitcoinjs-lib             keys, payments, our whole chain                  bitcoinjs_test.go bitcoinjs/
//	Bitcoin Core, Trezor      their vectors                                    vectors_test.go
//	Bitcoin                   its first 14,131 blocks                          history_test.go
//	Prometheus                rules, alerts, dashboard, scraping of a node     prometheus_test.go alerts_test.go
//	Chromium, axe-core        the explorer's page: a story, hostile text       page_test.go page/
//	containers' own software  what is exported for them                        containers/
//
// bitcoinjs-lib wants Node.js and `npm ci` in bitcoinjs/, the page Chromium and `npm ci` in
// page/; without them their tests are skipped, but never by .ci/run. What is random prints its seed, and how to play it
// again.
package interop
