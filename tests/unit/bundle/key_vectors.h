/* SPDX-License-Identifier: MIT */
/* Private keys as openssl 3.0 writes them, made for these tests and of use for nothing
 * else. */
#ifndef KEY_VECTORS_H
#define KEY_VECTORS_H

static const char key_rsa_pkcs1[] =
    "-----BEGIN RSA PRIVATE KEY-----\n"
    "MIICXAIBAAKBgQC1ZnSh2dsJBANv7P3VsnGAahR1XYa5FJRUIZWdwIv+2UjmjEgf\n"
    "I7Ti9zKRPues2xLoQ4SJ7NsfgYOWjxNTN3/AfDmTKyuYp9uq1TN1OInoM/qWG8Wo\n"
    "Li5j2GgYU5ETFyp/hasr+qxun78IPw3sUp6M02WilMbbGEaXL/TcJWZL7wIDAQAB\n"
    "AoGAFW0lp5xw986mjUjj7qLmLzHYeshySlg48PsKjhiZMJ//sWOufScdjZV/PpK8\n"
    "kLlLsW2QMS5t73m/zj/WG4U5rJK6j8n/rO0FV7DdjM6zhf5A/PTwlt7RvXsRju1C\n"
    "FGNj3aszFolzQxljr3GB2QaZXgfk8ftroiEUpx8Dc5lrBIECQQDmTBESPMvtib7N\n"
    "bGlUNRQj1FF2XyCbP1JVmZdoztJ83K1foCDD5qCBWw9eNm162vaZgPwIuDGzujhE\n"
    "dDfYayqvAkEAyaVUtLadetk5PlYOCH/t9vu7eKvAtOCS0tYcKCNCozmDeKllFQwY\n"
    "X7ZS23EO2c0oDyIy/HGwrYJo6xYzPIZCwQJBAMGgANZhkV+E6YwTczdebTF2qIsq\n"
    "jeKZSaM4wIlZIrXiYE4+9m1e8WHw6qnefwvFH4KOZNj77KXcksRTJkTqTXcCQGUn\n"
    "VvLAmQdDaP/oU2nYIxu+9DB4mFckQQMa/Uz1Qzx2YYlqEJcaVi/NWotSj8yaqfnN\n"
    "gh45OhQQU2l63YEDKQECQE9wRp1DDQt8lGuG/ceamhVN9NRtkK8uLaGmvsLQpNtf\n"
    "7K+3r1zcaumLmUuuPsB/Gs6eVQGlzlt2LpW+WOds6B8=\n"
    "-----END RSA PRIVATE KEY-----\n";

static const char key_rsa_pkcs8[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBALVmdKHZ2wkEA2/s\n"
    "/dWycYBqFHVdhrkUlFQhlZ3Ai/7ZSOaMSB8jtOL3MpE+56zbEuhDhIns2x+Bg5aP\n"
    "E1M3f8B8OZMrK5in26rVM3U4iegz+pYbxaguLmPYaBhTkRMXKn+Fqyv6rG6fvwg/\n"
    "DexSnozTZaKUxtsYRpcv9NwlZkvvAgMBAAECgYAVbSWnnHD3zqaNSOPuouYvMdh6\n"
    "yHJKWDjw+wqOGJkwn/+xY659Jx2NlX8+kryQuUuxbZAxLm3veb/OP9YbhTmskrqP\n"
    "yf+s7QVXsN2MzrOF/kD89PCW3tG9exGO7UIUY2PdqzMWiXNDGWOvcYHZBpleB+Tx\n"
    "+2uiIRSnHwNzmWsEgQJBAOZMERI8y+2Jvs1saVQ1FCPUUXZfIJs/UlWZl2jO0nzc\n"
    "rV+gIMPmoIFbD142bXra9pmA/Ai4MbO6OER0N9hrKq8CQQDJpVS0tp162Tk+Vg4I\n"
    "f+32+7t4q8C04JLS1hwoI0KjOYN4qWUVDBhftlLbcQ7ZzSgPIjL8cbCtgmjrFjM8\n"
    "hkLBAkEAwaAA1mGRX4TpjBNzN15tMXaoiyqN4plJozjAiVkiteJgTj72bV7xYfDq\n"
    "qd5/C8Ufgo5k2PvspdySxFMmROpNdwJAZSdW8sCZB0No/+hTadgjG770MHiYVyRB\n"
    "Axr9TPVDPHZhiWoQlxpWL81ai1KPzJqp+c2CHjk6FBBTaXrdgQMpAQJAT3BGnUMN\n"
    "C3yUa4b9x5qaFU301G2Qry4toaa+wtCk21/sr7evXNxq6YuZS64+wH8azp5VAaXO\n"
    "W3Yulb5Y52zoHw==\n"
    "-----END PRIVATE KEY-----\n";

static const char key_rsa_pss[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIICdAIBADALBgkqhkiG9w0BAQoEggJgMIICXAIBAAKBgQCoDwsBYMGwC7Ga7zJF\n"
    "0Jmrnk7Q/DroWOON2J0FseZEhZJGi3bEdcnyzlljnOzKGUhpFZTA+IX9KarukyVT\n"
    "VTO73Qnxg02D34TMw0DQ2Jds0cFE/La9uqg6GM4y4HugdgmnHAuJGUBytfh4lBTX\n"
    "C1RMF6XyCyJoBp30YkwNNSz7YwIDAQABAoGAUqVbLylK9u05QU0iNu0XtSsb7XAs\n"
    "8/hKp4X/6j4LVGUvgxuwo3qdfpd1pCQW2mhGkM75IVDWa6JjGgIo1+tNjeg2uC1f\n"
    "wg3l/HvanmvUs6ZiVWcvnssabjv9jrRiN7uK9GjX3Ly6aOlqXnO/rBxDlgfH5sWU\n"
    "uJYewOBdfVlJDxkCQQDY34sfptweW6/BXYKyUpXFINlL5eQ1RFg3VmqJb5rEMIcN\n"
    "60n0AgXaBepCHEdZTVNK55lgPhQuByySw/96gQZXAkEAxmD3YgXuGAri9cYWkVFe\n"
    "2lCX+DuIzg1pE+6ztk1KTToKQLjCM/ABW52Y0/vJj9OPuYukC1Vz38ZcLAjYo4/T\n"
    "1QJAN5qhDf13JGV3m4lBMD1SXxd7/ySzLSEXySBj8lbmBHU4u03fSSuXmn23wTmE\n"
    "5ZWYzHSy82UXQXHfcMXF4//ewwJBALCXMsAUbU0Dq+OCsSYs3BXU9mLnhDGAaJBw\n"
    "xZM7nC/Awc25ak7XkC3gzWGu2k9o0aEmuCHKsLp7liMwwMBg0P0CQFneLp5ZhT2W\n"
    "Lo+h8r9RZmQB5IPMvMtjAhd6e1nDPhFtwDW7w+nbJPN90A1Wzgwsjaygodvl6fCg\n"
    "op/0ywJEJqA=\n"
    "-----END PRIVATE KEY-----\n";

static const char key_p256_sec1[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MHcCAQEEIMed7ufbBX2yX4lihTLOobWsKMQFQht2xA+90lGaWnxpoAoGCCqGSM49\n"
    "AwEHoUQDQgAESZUWwU2yF6eYDYgp7GnKUWubkfyLK6nzzVIo44zw2hJf0whiFY7y\n"
    "jIH4PtXSPiBMi2sqmhjCg+gfj7Jc9iq3bA==\n"
    "-----END EC PRIVATE KEY-----\n";

static const char key_p256_pkcs8[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgx53u59sFfbJfiWKF\n"
    "Ms6htawoxAVCG3bED73SUZpafGmhRANCAARJlRbBTbIXp5gNiCnsacpRa5uR/Isr\n"
    "qfPNUijjjPDaEl/TCGIVjvKMgfg+1dI+IEyLayqaGMKD6B+Pslz2Krds\n"
    "-----END PRIVATE KEY-----\n";

static const char key_p384_sec1[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MIGkAgEBBDDxHmhx0k05UxKLLLUdF2wk+6qDcyXYE++5VpSPGamwAYyd3ENdz0Tz\n"
    "GZ0XlxHI2xqgBwYFK4EEACKhZANiAAQLDQnp5c5hF+Qsy8VMUlMbI3oWo67TEcvn\n"
    "bvwYvGVCaG2JRejivC3jjfC+Y1+Yj1aJ3XTW0HVmtyWt9/AR/Zxw2C9No4UFHgPx\n"
    "wsJi7XmFgFiwh8QzIyZTwCFdMv/TLoY=\n"
    "-----END EC PRIVATE KEY-----\n";

static const char key_p384_pkcs8[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDDxHmhx0k05UxKLLLUd\n"
    "F2wk+6qDcyXYE++5VpSPGamwAYyd3ENdz0TzGZ0XlxHI2xqhZANiAAQLDQnp5c5h\n"
    "F+Qsy8VMUlMbI3oWo67TEcvnbvwYvGVCaG2JRejivC3jjfC+Y1+Yj1aJ3XTW0HVm\n"
    "tyWt9/AR/Zxw2C9No4UFHgPxwsJi7XmFgFiwh8QzIyZTwCFdMv/TLoY=\n"
    "-----END PRIVATE KEY-----\n";

static const char key_p521_sec1[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MIHcAgEBBEIAXyZszQy36iJ9QQ1OerM6VcIYmRftgh8UaRt/z6HLPD11INRDctos\n"
    "yeWi9UsNPJPV08faFCzJx7MoYcVLPpNqCbSgBwYFK4EEACOhgYkDgYYABAEjL7Lu\n"
    "dHbbiAP+JZ0JdKJQPEQptX6hbCyu/dT8Stbbvg2EBCJI0wSg4CeuAbDCKIwX1eVr\n"
    "+lghQJTRRzTB86LnowEE2kXKFhb3acYx+XxyMitCk4F3N2e5w5xLLspLbSoSEkXy\n"
    "pYGYSGVBdsJEb4jL/FkDy9At+TEMevB/Jl7o9HoJDQ==\n"
    "-----END EC PRIVATE KEY-----\n";

static const char key_p521_pkcs8[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIHuAgEAMBAGByqGSM49AgEGBSuBBAAjBIHWMIHTAgEBBEIAXyZszQy36iJ9QQ1O\n"
    "erM6VcIYmRftgh8UaRt/z6HLPD11INRDctosyeWi9UsNPJPV08faFCzJx7MoYcVL\n"
    "PpNqCbShgYkDgYYABAEjL7LudHbbiAP+JZ0JdKJQPEQptX6hbCyu/dT8Stbbvg2E\n"
    "BCJI0wSg4CeuAbDCKIwX1eVr+lghQJTRRzTB86LnowEE2kXKFhb3acYx+XxyMitC\n"
    "k4F3N2e5w5xLLspLbSoSEkXypYGYSGVBdsJEb4jL/FkDy9At+TEMevB/Jl7o9HoJ\n"
    "DQ==\n"
    "-----END PRIVATE KEY-----\n";

static const char key_ed25519[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
    "-----END PRIVATE KEY-----\n";

static const char key_secp256k1[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MHQCAQEEIPj6FN4J5wSx7Sos7Fdfx0z7IKHBE5kkcgRlzqwT2/7moAcGBSuBBAAK\n"
    "oUQDQgAEOTtCNYJvmJEnxzru36hSgLMVMrz/0VFuUsLAziqhFLY5ppqg2fi59eyI\n"
    "cb2TF6xVJBzxvVzLrwl0fZVYZfelNQ==\n"
    "-----END EC PRIVATE KEY-----\n";

static const char key_explicit_sec1[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MIIBaAIBAQQg0rJxsbiib+5V8CldkImSv0pUVagEBbX6Cg9vXHK2a/OggfowgfcC\n"
    "AQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAAAAAAAAAAAAAA////////////////\n"
    "MFsEIP////8AAAABAAAAAAAAAAAAAAAA///////////////8BCBaxjXYqjqT57Pr\n"
    "vVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSdNgiG5wSTamZ44ROdJreBn36QBEEE\n"
    "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54W\n"
    "K84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA//////////+85vqtpxeehPO5ysL8\n"
    "YyVRAgEBoUQDQgAEnS31G9wOO7nG+AriOdly8ZyAd4zBdrRrdL6ueL/nNkqIHwfQ\n"
    "m9kXMGLcKj20XChL8y5S+SdqLGjLnpRNhIPyOQ==\n"
    "-----END EC PRIVATE KEY-----\n";

static const char key_explicit_pkcs8[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIBeQIBADCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAAB\n"
    "AAAAAAAAAAAAAAAA////////////////MFsEIP////8AAAABAAAAAAAAAAAAAAAA\n"
    "///////////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMV\n"
    "AMSdNgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg\n"
    "9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8A\n"
    "AAAA//////////+85vqtpxeehPO5ysL8YyVRAgEBBG0wawIBAQQg0rJxsbiib+5V\n"
    "8CldkImSv0pUVagEBbX6Cg9vXHK2a/OhRANCAASdLfUb3A47ucb4CuI52XLxnIB3\n"
    "jMF2tGt0vq54v+c2SogfB9Cb2RcwYtwqPbRcKEvzLlL5J2osaMuelE2Eg/I5\n"
    "-----END PRIVATE KEY-----\n";

static const char key_x25519[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VuBCIEIKD6ryOXFER0nqmf54jEp/V15nkQ6mNk3hGLXCRcoTl2\n"
    "-----END PRIVATE KEY-----\n";

static const char key_pbes2_aes128[] =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIHrMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAiMy/k+B/eC3AIBZDAM\n"
    "BggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBAgQQ5AvGtdtH1YPKwCUMemfZNgSBkDjh\n"
    "+cj8JSt0JHRXed5jQ+gTzhw6MXw9P6ywS/D+ASfKLEdKvMnE/KvZp9WSEvqYECC8\n"
    "kVVnQeNgxxe+hiUbQu85bJa4xqfhUWIFdSyg1wh03IKd/zcSGd+tKzQ4gzXNAiG/\n"
    "k6bvZq+mny2Dq0vDN1NaUAuk2jelVnhozOZHDHEjb5/mjlxvghzU3pZcyOg4cw==\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

static const char key_pbes2_aes192[] =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIHrMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAg3m17a3Wc7iwIBZDAM\n"
    "BggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBFgQQO6RlsF801uNleFO3tJB/JASBkIJj\n"
    "TWyAC3mwNY6WUIpceVLMVnZH4kQOwXNT/Y0PX89G5vww0WlwsDcRWoUAWP3EcU4l\n"
    "l0zT1RTKG+ZW/yLTdlqL/pHovqyrFYpr5473DVOMRjgITkLQJKSXkqumD0bpEgeW\n"
    "R/OedID8yPA/BlrmfNv2MQm/RRqX8c4SAErUBMqGCJUQv7hZxABInltgWfBkPw==\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

static const char key_pbes2_aes256[] =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIHrMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAg4SWohjPTNuQIBZDAM\n"
    "BggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQk/TyfzdDdcONATnupXiy7gSBkJjk\n"
    "8uJ2d49CkQJWPFT2YC8gaSGoosHKt3eWJKMVQkuDtqLICJWBv2fJfc33ktH/UHqy\n"
    "Jh/0SSR/J1MjLaUMH2C4UuaMu1ZVXYWxXOFN6eyM+JPI5XXLgGJjcXfta7Q+Xosn\n"
    "xEEw6coUZhrLRvPWIGWLE6Nlk+LHys6eP8gsmXc27nCl3N/0UGFGzzOnWr40Gg==\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

static const char key_pbes2_des3[] =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIHiME0GCSqGSIb3DQEFDTBAMCgGCSqGSIb3DQEFDDAbBAgnSbH6XxU6AwIBZDAM\n"
    "BggqhkiG9w0CCQUAMBQGCCqGSIb3DQMHBAjtjmRyO3hg+ASBkFXa5Vqin5Jipzhq\n"
    "3PLdfPkjKxJMBKZgE86SWKoJt7SeiUMR6Kr12nYX5oKaFH8DrWzwHnNvBkmPOANF\n"
    "e5fNZ0i3lZJaJPgYL6GxkkIHF566sPrujokwc3RenPnhqBEhZaWT7QR5at16auDU\n"
    "N/x1/B9x3PvnP6r9VzfUv+7dH1iVXCXTMjFLDkUQpz2YTETtRA==\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

static const char key_pbes2_sha1[] =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIHdMEgGCSqGSIb3DQEFDTA7MBoGCSqGSIb3DQEFDDANBAiRfu7NzL1AIQIBZDAd\n"
    "BglghkgBZQMEASoEEBTJ2tpyTTyKew4Be9rpfBcEgZBmfayS3JT40UNeWcrcmVGr\n"
    "h/H1KoHoyXK7Jn3J59J6TWe+U6U7Jb4jP37ASCGen9VsmeQQsvAAy1MGGGrx+/ul\n"
    "BQ3I4ss9RAuEWW3RY8aH0jELN81sOxfT6NOuqbNwg86A17ZbdzCDtRjhvqSYXuok\n"
    "Nu+Bc3Cu6bxpUO4QBOFAK9ioFkfkYvju8xv5xIBWhmE=\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

static const char key_pbes2_sha384[] =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIHrMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAh6IMtDzCjQMgIBZDAM\n"
    "BggqhkiG9w0CCgUAMB0GCWCGSAFlAwQBKgQQrQ9CgLMQwBNMOJ1lK5KL5gSBkLKt\n"
    "wQ1kiVTt8CUTllBBkrW5JjwLH2JYmAaVHdAkc5pu3veUZjAGYEV+F0JewuMQ6Rh0\n"
    "aY0bAoDkpB7THefzKaTGl/hQmrpR1+1mhAFEc7osqESznlckAOI4PFDUeNkryWgo\n"
    "dnhWH+4ZTvN4bszzCuR5/wHsnaqWa4o857YuulURn5VZIlXQnQVgWcsugFSiqQ==\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

static const char key_pbes2_sha512[] =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIHrMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAgqHA2MXxwKrQIBZDAM\n"
    "BggqhkiG9w0CCwUAMB0GCWCGSAFlAwQBKgQQGqhgyjNZ1gNnIzd3Fb9DKgSBkM1I\n"
    "gedWzcvFywkf+YOi0tfZWFy4ucGsNmwwF5Jnow3j4hpiQzk/nA9wjALO2+wkM84g\n"
    "L2zH0ASpynw1zEq4JJfaQ/7CCYzQOiJ1p18NwyfjJVmQ+evGKVmYAZ6WR/jWM5sO\n"
    "C7C1HpTnk+HAZaGW99oUdn9gwrbGl3PW4zY7WXvJhH24jAvwRuOoI5eAwPqnNw==\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

static const char key_pbes2_sha224[] =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIHrMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAhp/eq67mjWZQIBZDAM\n"
    "BggqhkiG9w0CCAUAMB0GCWCGSAFlAwQBKgQQQRhcjqSS/4g58v1fKaWzegSBkNO6\n"
    "SuDQT+ofaWEqT45o3XufTn3NOPeBfvKckBeUD7sFPNR7pK9WdGU0rRZ0rDWko7eH\n"
    "QIIqTa01qafuzGB5YjRX1kU4XxGwprQ7eVg99Z21ScxRAFEb6KZb+V8c5Hp4edZF\n"
    "rGgdXvKnVP1ibOXi7B1X6+cGGWHYxXzohJMFa/x2mjXLgdZnz+1OGGpOXtfQpw==\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

static const char key_pbes2_camellia[] =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIHtMFgGCSqGSIb3DQEFDTBLMCgGCSqGSIb3DQEFDDAbBAjkPUNwjIryWQIBZDAM\n"
    "BggqhkiG9w0CCQUAMB8GCyqDCIyaSz0BAQEEBBCqP41NdW5Ng3n7WZFHZtGVBIGQ\n"
    "9LvZy5/pA6swoNNEp+7Fh8aBvTX0MOgnBmxi0jdGuScDKiRkiGWI/g19KKmkweZ0\n"
    "UZ/9d0X4CMP6EtCkTd9/AgtFdOivu/jLVlJBJ+vcckB6lhUUNHHIkx0W4XjrJO/8\n"
    "6SUFHTBZhBOfuCgLhg6OvEFcdjl3pTiodo8YHAYw/czESBecsRlcRnEnABPqJAMI\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

static const char key_pbes2_scrypt[] =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIHjME4GCSqGSIb3DQEFDTBBMCAGCSsGAQQB2kcECzATBAiffqzvCEVAXQIBEAIB\n"
    "AQIBATAdBglghkgBZQMEASoEEM65qXP7bUahiRd6Hv9mm7sEgZCouileSZYDiTIM\n"
    "qirauNEcFvcqsgQ3K4nOyFJ05zvlLh3mU1QkLWRgvbH5bBtpUs+dIPwMeOnLpTB/\n"
    "h6GXANif/nXRzD9OpkCnHy+USbTzJlMXHirLELskvsm1H0jZXS2VTam9FH9FnjDm\n"
    "RQgr540+pGElF/osZwo70N+MHBwPOFcDlFq+CGEE9o+sweZIFxs=\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

static const char key_pbe_pkcs12[] =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIGwMBsGCiqGSIb3DQEMAQMwDQQIhod1kMkzlaQCAWQEgZCrkJt2rJctqLQSWdkG\n"
    "N1NPBh62lI5/Y82lQCUskqJY7kYQaVaX0S/lZKTQNuMMkdwtOL67K895JjHituTy\n"
    "/vCmiGw8DpXD/sEa/bAZ6D0jP2mTRQkrMF6dCK/5V8pFpMvrLtb9YUOF1+xfHfIw\n"
    "RbVsKXwUta8/zKjQ3+COq1Q/UxuO3gMrbqz/nWO4obdQjxk=\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

static const char key_dek_aes128[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "Proc-Type: 4,ENCRYPTED\n"
    "DEK-Info: AES-128-CBC,FBD2A535EAB2DEB215D2EB0B2D8F5C6B\n"
    "\n"
    "3WbhjppKKMwSEl366xf4NNUW/yTP4nI5WI+G1rNU0w8xDcc7Hlm+0pmNprfJ0Tps\n"
    "EdLT3zBVyLAAfmUFtmqq4OQOOJ5Oh79wMPc1YL+7ckuSjK1I84grXq/I2gomE2/y\n"
    "+TpOpsQDpSldtsOWJy/SlFBAACZIpc3cLYayc08TBnk=\n"
    "-----END EC PRIVATE KEY-----\n";

static const char key_dek_aes192[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "Proc-Type: 4,ENCRYPTED\n"
    "DEK-Info: AES-192-CBC,3DB719475E89638BCBCA34EB285C1F6B\n"
    "\n"
    "n1cxgueNrGJSeSkG7LFPk80pLFoNMbu9v6SKwuUs7wofMaZDhW/+hF5b5y2XZP0d\n"
    "PJ/2+L1TaHhiQ+K9eJKMVxGRIn3WmVQjOXTz83LgmeaLOa/4jpKvB0/FUtblTHjY\n"
    "R30v260vbb5z0QqCAUVQnO8fq8ZC9EPFQcEkM0fB1gg=\n"
    "-----END EC PRIVATE KEY-----\n";

static const char key_dek_aes256[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "Proc-Type: 4,ENCRYPTED\n"
    "DEK-Info: AES-256-CBC,99ED3225C4DF2245888C3703E3240B18\n"
    "\n"
    "CmerHt86cqUNUjKt1TE1SgddQ84rp7XB58+WQIAIXD/LiYF7hl1P2EnsbUM7Ek7J\n"
    "lMUD+LMwiJ4qJh5PkYWo5yd6SA64D5WK5qdVd9zSrEdoqO4+zjQw3qUAevvNYBo7\n"
    "Swz2s3lJvfZy2DJgVHdxjgDAHtuMXa0o21+HJCJxfgs=\n"
    "-----END EC PRIVATE KEY-----\n";

static const char key_dek_des3[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "Proc-Type: 4,ENCRYPTED\n"
    "DEK-Info: DES-EDE3-CBC,3D4ED977E9567C54\n"
    "\n"
    "Jql1oedir/DQRJa6XGff33WgCe8/aiSz0nexY3ICSvG7ZdihXD2gAEFU8me+i+v1\n"
    "JmSBIKUSAZyUG/Uf2fcB6qIouqXeWHvkrUL8zlvVW09C8pHe8/corFQNlGsxKygD\n"
    "PuNCs3RaEm+Dm9XbXIbrM273GOw1Rs12Iv5e1b3pivs=\n"
    "-----END EC PRIVATE KEY-----\n";

static const char key_dek_camellia[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "Proc-Type: 4,ENCRYPTED\n"
    "DEK-Info: CAMELLIA-128-CBC,C7686B328546C88CF449289C4A5EF930\n"
    "\n"
    "vsApAFPPo/tYXjs8zuDSzklYRLHDr5P4KI+3EhmOk1YKmFPlgYV3oM8euc9ojOzY\n"
    "B0DLhy7iXzvZfiQmn5imUxKch27js5RhnIl7AAIY9gY2DmkgNcHjFM7z4VP9kT7S\n"
    "wM1JnU1Og9wLsV2jYiyqNefXvLa010trgpsDHscZFJk=\n"
    "-----END EC PRIVATE KEY-----\n";

/* SubjectPublicKeyInfo of these. */
static const char spki_rsa[] =
    "30819f300d06092a864886f70d010101050003818d0030818902818100b56674a1d9db09"
    "04036fecfdd5b271806a14755d86b914945421959dc08bfed948e68c481f23b4e2f73291"
    "3ee7acdb12e8438489ecdb1f8183968f1353377fc07c39932b2b98a7dbaad533753889e8"
    "33fa961bc5a82e2e63d86818539113172a7f85ab2bfaac6e9fbf083f0dec529e8cd365a2"
    "94c6db1846972ff4dc25664bef0203010001";

static const char spki_rsa_pss[] =
    "30819d300b06092a864886f70d01010a03818d0030818902818100a80f0b0160c1b00bb1"
    "9aef3245d099ab9e4ed0fc3ae858e38dd89d05b1e6448592468b76c475c9f2ce59639cec"
    "ca1948691594c0f885fd29aaee9325535533bbdd09f1834d83df84ccc340d0d8976cd1c1"
    "44fcb6bdbaa83a18ce32e07ba07609a71c0b89194072b5f8789414d70b544c17a5f20b22"
    "68069df4624c0d352cfb630203010001";

static const char spki_p256[] =
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004499516c14db217a798"
    "0d8829ec69ca516b9b91fc8b2ba9f3cd5228e38cf0da125fd30862158ef28c81f83ed5d2"
    "3e204c8b6b2a9a18c283e81f8fb25cf62ab76c";

static const char spki_p384[] =
    "3076301006072a8648ce3d020106052b81040022036200040b0d09e9e5ce6117e42ccbc5"
    "4c52531b237a16a3aed311cbe76efc18bc6542686d8945e8e2bc2de38df0be635f988f56"
    "89dd74d6d07566b725adf7f011fd9c70d82f4da385051e03f1c2c262ed79858058b087c4"
    "33232653c0215d32ffd32e86";

static const char spki_p521[] =
    "30819b301006072a8648ce3d020106052b81040023038186000401232fb2ee7476db8803"
    "fe259d0974a2503c4429b57ea16c2caefdd4fc4ad6dbbe0d84042248d304a0e027ae01b0"
    "c2288c17d5e56bfa58214094d14734c1f3a2e7a30104da45ca1616f769c631f97c72322b"
    "429381773767b9c39c4b2eca4b6d2a121245f2a5819848654176c2446f88cbfc5903cbd0"
    "2df9310c7af07f265ee8f47a090d";

static const char spki_ed25519[] =
    "302a300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb"
    "0c5c38ad703166e1";

#endif
