#!/usr/bin/env python3
"""A real SMTP server for the tests of the mail sender: aiosmtpd, with TLS and login.

Prints one JSON object a line: first its port, then what happens. Ends when its standard input does. The local part of a
recipient says what it does at RCPT:

    refused     550 always
    later-N     451 at the first N attempts
    drop        closes the connection
    hang        never answers
    spam        takes the recipient, answers 554 to the text
    lost-N      takes the whole mail and closes the connection without an answer, at the first N attempts
    slow-quit   takes the mail, never answers QUIT
"""
import argparse
import asyncio
import collections
import email
import email.policy
import json
import logging
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


def tell(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


class Mailboxes:
    def __init__(self):
        self.attempts = collections.Counter()

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        tell("ehlo", name=hostname, tls=over_tls(server))
        return responses

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        self.attempts[address] += 1
        tell("rcpt", to=address, attempt=self.attempts[address])
        what = address.split("@")[0]
        if what == "refused":
            return f"550 5.1.1 <{address}>: no such mailbox"
        if what.startswith("later-") and self.attempts[address] <= int(what.split("-")[1]):
            return "451 4.7.1 come back later"
        if what == "drop":
            server.transport.close()
        if what == "hang":
            await asyncio.sleep(3600)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 all right"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}
        login = session.auth_data
        tell("mail", sender=envelope.mail_from, to=envelope.rcpt_tos, tls=over_tls(server),
             user=login.login.decode() if isinstance(login, LoginPassword) else None,
             headers=[[name, str(value)] for name, value in mail.items()],
             defects=[str(defect) for defect in mail.defects],
             structure=[part.get_content_type() for part in mail.walk()], parts=parts,
             longest_line=max(map(len, envelope.content.split(b"\r\n"))))
        what = session.last_recipient = envelope.rcpt_tos[0].split("@")[0]
        if what == "spam":
            return "554 5.7.1 not wanted here"
        if what.startswith("lost-") and self.attempts[envelope.rcpt_tos[0]] <= int(what.split("-")[1]):
            server.transport.close()
        return "250 2.0.0 taken over"

    async def handle_QUIT(self, server, session, envelope):
        if getattr(session, "last_recipient", "") == "slow-quit":
            await asyncio.sleep(3600)
        return "221 2.0.0 bye"


def over_tls(server):
    channel = server.transport.get_extra_info("ssl_object")
    return channel.version() if channel else None


def authenticator(user, password):
    def check(server, session, envelope, mechanism, data):
        right = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode()) == (user, password)
        tell("login", mechanism=mechanism, right=right, tls=over_tls(server))
        # handled=False: aiosmtpd itself answers 535.
        return AuthResult(success=right, handled=False, auth_data=data)
    return check


async def serve(arguments):
    context = None
    if arguments.tls != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arguments.certificate, arguments.key)
    mailboxes = Mailboxes()
    settings = {"enable_SMTPUTF8": False, "hostname": "mail.example.org"}
    if arguments.tls == "starttls":
        settings |= {"tls_context": context, "require_starttls": True}
    if arguments.user:
        settings |= {"authenticator": authenticator(arguments.user, arguments.password), "auth_required": True,
                     "auth_require_tls": arguments.tls == "starttls"}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(mailboxes, loop=loop, **settings), "127.0.0.1", 0,
                                      ssl=context if arguments.tls == "implicit" else None)
    tell("ready", port=server.sockets[0].getsockname()[1])
    await loop.run_in_executor(None, sys.stdin.read)
    os._exit(0)  # some connections hang on purpose


def main():
    logging.disable(logging.CRITICAL)  # of aiosmtpd, about connections that break on purpose
    parser = argparse.ArgumentParser()
    parser.add_argument("--tls", choices=["starttls", "implicit", "none"], default="starttls")
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--user")
    parser.add_argument("--password")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
