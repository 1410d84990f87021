// bitcoinjs-lib as a user of a toychain node: it makes the keys, builds and signs
// the payment, and reads the blocks, with nothing of ours but what the node says.
//
//   node bitcoinjs.mjs address WORDS
//   node bitcoinjs.mjs pay  RPC COOKIE WORDS BLOCKHASH TO AMOUNT
//   node bitcoinjs.mjs read RPC COOKIE
//
// Each prints one line of JSON. The network is regtest.
import { readFileSync } from 'node:fs'
import * as bitcoin from 'bitcoinjs-lib'
import * as ecc from '@bitcoinerlab/secp256k1'
import { BIP32Factory } from 'bip32'
import { ECPairFactory } from 'ecpair'
import bip39 from 'bip39'

const network = bitcoin.networks.regtest
const ECPair = ECPairFactory(ecc)
const BIP32 = BIP32Factory(ecc)
const fee = 10_000n

// rpc returns a function that calls the node's methods.
function rpc(host, cookie) {
  const authorization = 'Basic ' + Buffer.from(readFileSync(cookie, 'utf8').trim()).toString('base64')
  return async (method, ...params) => {
    const body = JSON.stringify({ jsonrpc: '1.0', id: method, method, params })
    const reply = await fetch(`http://${host}/`, { method: 'POST', body, headers: { authorization } })
    const { result, error } = await reply.json()
    if (error) throw new Error(`${method}: ${error.code}: ${error.message}`)
    return result
  }
}

// keys returns the first two receiving keys of a BIP44 account, and the second's
// long form, which it reads back from its WIF.
function keys(words) {
  const account = BIP32.fromSeed(bip39.mnemonicToSeedSync(words), network).derivePath("m/44'/1'/0'")
  const [first, second] = [0, 1].map(i => ECPair.fromWIF(account.derive(0).derive(i).toWIF(), network))
  const wif = ECPair.fromPrivateKey(second.privateKey, { network, compressed: false }).toWIF()
  return { account, all: [first, second, ECPair.fromWIF(wif, network)] }
}

const addressOf = key => bitcoin.payments.p2pkh({ pubkey: key.publicKey, network }).address

// address prints what the words lead to.
function address(words) {
  const { account, all } = keys(words)
  return {
    xpub: account.neutered().toBase58(),
    addresses: all.map(addressOf),
    wif: all.map(key => key.toWIF()),
  }
}

// pay spends every output of a block's first transaction and of the payments after
// it that is ours: amount to TO, a data carrier, and the rest back.
async function pay(host, cookie, words, blockHash, to, amount) {
  const call = rpc(host, cookie)
  const { all } = keys(words)
  const owner = new Map(all.map(key => [Buffer.from(bitcoin.address.toOutputScript(addressOf(key), network)).toString('hex'), key]))
  const psbt = new bitcoin.Psbt({ network })
  const signers = []
  let total = 0n
  for (const tx of bitcoin.Block.fromHex(await call('getblock', blockHash, 0)).transactions) {
    tx.outs.forEach((out, index) => {
      const key = owner.get(Buffer.from(out.script).toString('hex'))
      if (!key) return
      psbt.addInput({ hash: tx.getId(), index, nonWitnessUtxo: tx.toBuffer() })
      signers.push(key)
      total += out.value
    })
  }
  psbt.addOutput({ address: to, value: BigInt(amount) })
  psbt.addOutput({ script: bitcoin.payments.embed({ data: [Buffer.from('from bitcoinjs')] }).output, value: 0n })
  psbt.addOutput({ address: addressOf(all[0]), value: total - BigInt(amount) - fee })
  signers.forEach((key, i) => psbt.signInput(i, key))
  if (!psbt.validateSignaturesOfAllInputs((pub, msg, sig) => ECPair.fromPublicKey(pub).verify(msg, sig))) {
    throw new Error('bitcoinjs does not believe its own signature')
  }
  const tx = psbt.finalizeAllInputs().extractTransaction()
  const [{ allowed, 'reject-reason': reason }] = await call('testmempoolaccept', [tx.toHex()])
  if (!allowed) throw new Error(`testmempoolaccept: ${reason}`)
  const txid = await call('sendrawtransaction', tx.toHex())
  if (txid !== tx.getId()) throw new Error(`the node calls it ${txid}, bitcoinjs ${tx.getId()}`)
  return { txid, hex: tx.toHex(), inputs: signers.length }
}

// read takes every block of the chain apart and holds it against what the node
// says: hash, merkle root, proof of work, links, ids, bytes, and every signature.
async function read(host, cookie) {
  const call = rpc(host, cookie)
  const tip = await call('getblockcount')
  const outputs = new Map()
  const seen = { blocks: 0, txs: 0, signatures: 0 }
  let before = '00'.repeat(32)
  for (let height = 0; height <= tip; height++) {
    const hash = await call('getblockhash', height)
    const hex = await call('getblock', hash, 0)
    const shown = await call('getblock', hash, 1)
    const block = bitcoin.Block.fromBuffer(Buffer.from(hex, 'hex'))
    same(`block ${height}: hash`, block.getId(), hash)
    same(`block ${height}: bytes`, block.toHex(), hex)
    same(`block ${height}: proof of work`, block.checkProofOfWork(), true)
    same(`block ${height}: merkle root`, block.checkTxRoots(), true)
    same(`block ${height}: parent`, reversed(block.prevHash), before)
    same(`block ${height}: weight`, block.weight(), shown.weight)
    same(`block ${height}: txids`, block.transactions.map(tx => tx.getId()).join(), shown.tx.join())
    for (const tx of block.transactions) {
      if (!tx.isCoinbase()) tx.ins.forEach((_, i) => { verify(tx, i, outputs); seen.signatures++ })
      tx.outs.forEach((out, i) => outputs.set(`${tx.getId()}:${i}`, out))
      seen.txs++
    }
    seen.blocks++
    before = hash
  }
  return seen
}

// verify checks the signature of input i, which spends one of outputs.
function verify(tx, i, outputs) {
  const name = `${reversed(tx.ins[i].hash)}:${tx.ins[i].index}`
  const spent = outputs.get(name)
  if (!spent) throw new Error(`${tx.getId()} spends ${name}, which is nowhere before`)
  outputs.delete(name)
  const [signature, pubkey] = bitcoin.script.decompile(tx.ins[i].script)
  const { output } = bitcoin.payments.p2pkh({ pubkey, network })
  same(`${name}: script`, Buffer.from(output).toString('hex'), Buffer.from(spent.script).toString('hex'))
  const { signature: rs, hashType } = bitcoin.script.signature.decode(signature)
  const digest = tx.hashForSignature(i, spent.script, hashType)
  same(`${name}: signature`, ecc.verify(digest, pubkey, rs, true), true)
}

const reversed = bytes => Buffer.from(bytes).reverse().toString('hex')

function same(what, got, want) {
  if (got !== want) throw new Error(`${what}: bitcoinjs says ${got}, the node ${want}`)
}

const [verb, ...args] = process.argv.slice(2)
console.log(JSON.stringify(await { address, pay, read }[verb](...args)))
