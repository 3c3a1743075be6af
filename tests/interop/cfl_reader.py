# SPDX-License-Identifier: MIT
"""A second reader of lock files for people, from cfl(5) alone, for passphrases.

usage: cfl_reader.py FILE NAME=PASSPHRASE...   prints the secret
The policy must be plain: "K of (...)", "a and b" or "a or b".
"""
import hashlib
import hmac
import re
import sys

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

SLOT = 32768
MAGIC = bytes.fromhex('8943464c0d0a1a0a')


def extract(salt, ikm):
    return hmac.new(salt or bytes(64), ikm, hashlib.sha512).digest()


def expand(prk, info, size):
    out, block = b'', b''
    for i in range(1, 5):
        block = hmac.new(prk, block + info + bytes([i]), hashlib.sha512).digest()
        out += block
    return out[:size]


def read_slot(data, number):
    """Fields of a slot, or None where it is damaged."""
    if data[:16] != MAGIC + bytes([1, 2, 0, 0]) + (65536).to_bytes(4, 'big'):
        return None
    sequence = int.from_bytes(data[16:24], 'big')
    end = 28 + int.from_bytes(data[24:28], 'big')
    if end + 64 > SLOT or sequence % 2 != number or any(data[end + 64:]):
        return None
    if hashlib.sha256(data[:end + 32]).digest() != data[end + 32:end + 64]:
        return None
    fields, at = [], 28
    while at < end:
        size = int.from_bytes(data[at + 1:at + 3], 'big')
        fields.append((data[at], data[at + 3:at + 3 + size]))
        at += 3 + size
    assert [f[0] for f in fields[:4]] == [1, 2, 3, 4] and at == end
    return sequence, fields, data[:end], data[end:end + 32]


def read_policy(text):
    """The threshold and the names, in their order."""
    gate = re.fullmatch(r'(\d+) of \((.*)\)', text)
    if gate:
        return int(gate[1]), gate[2].split(', ')
    names = re.split(' and | or ', text)
    return (len(names) if ' and ' in text else 1), names


def multiply(a, b):
    product = 0
    while b:
        product ^= a if b & 1 else 0
        a = (a << 1) ^ (0x11b if a & 0x80 else 0)
        b >>= 1
    return product


def power(a, n):
    out = 1
    for _ in range(n):
        out = multiply(out, a)
    return out


def interpolate(points):
    """The value at 0 of the polynomials through (x, bytes)."""
    out = bytearray(32)
    for x, y in points:
        factor = 1
        for other, _ in points:
            if other != x:
                factor = multiply(factor, multiply(other, power(other ^ x, 254)))
        for i in range(32):
            out[i] ^= multiply(factor, y[i])
    return bytes(out)


def unwrap(lock_id, generation, ephemeral, name, person, passphrase):
    assert person[0] == 2, name + ' has no passphrase'
    public, wrapped = person[1:33], person[58:]
    memory, passes = int.from_bytes(person[33:37], 'big'), int.from_bytes(person[37:41], 'big')
    stretched = Argon2id(salt=person[42:58], length=32, iterations=passes, lanes=person[41],
                         memory_cost=memory).derive(passphrase)
    scalar = expand(extract(b'', stretched), b'cfkit passphrase key 1', 32)
    mine = X25519PrivateKey.from_private_bytes(scalar)
    if mine.public_key().public_bytes_raw() != public:
        sys.exit('wrong passphrase of ' + name)
    shared = mine.exchange(X25519PublicKey.from_public_bytes(ephemeral))
    info = b'cfkit wrap 1\0' + lock_id + generation + name.encode()
    return AESGCM(expand(extract(ephemeral + public, shared), info, 32)).decrypt(bytes(12), wrapped, None)


def open_payload(master, lock_id, payload):
    salt, commitment = payload[:24], payload[24:56]
    context = b'cfkit payload 1\0' + bytes([2]) + bytes(8) + lock_id
    info = b'c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0' + salt + context
    keys = expand(expand(master, b'cfkit payload key 1', 32), info, 76)
    assert keys[44:] == commitment, 'the payload is not of this key'
    aead, nonce = AESGCM(keys[:32]), int.from_bytes(keys[32:44], 'big')
    chunks = range(0, len(payload) - 56, 16400)
    return b''.join(aead.decrypt((nonce ^ i).to_bytes(12, 'big'), payload[56 + at:56 + at + 16400], None)
                    for i, at in enumerate(chunks))


def main():
    data = open(sys.argv[1], 'rb').read()
    given = dict(word.split('=', 1) for word in sys.argv[2:])
    slots = [read_slot(data[i * SLOT:(i + 1) * SLOT], i) for i in (0, 1)]
    _, fields, authentic, mac = max(slot for slot in slots if slot)
    lock_id, generation, ephemeral = fields[0][1], fields[1][1], fields[3][1]
    threshold, names = read_policy(fields[2][1].decode())
    points = [(x + 1, unwrap(lock_id, generation, ephemeral, name, fields[4 + x][1],
                             given[name].encode()))
              for x, name in enumerate(names) if name in given]
    master = interpolate(points[:threshold])
    key = expand(master, b'cfkit header key 1', 32)
    assert hmac.new(key, authentic, hashlib.sha256).digest() == mac, 'the head is forged'
    sys.stdout.buffer.write(open_payload(master, lock_id, data[65536:]))


main()
