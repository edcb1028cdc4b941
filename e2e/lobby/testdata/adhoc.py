"""A moderator's client: logs in with slixmpp, joins a room, and works with usher's ad-hoc command (XEP-0050).

Arguments: port, JID, token, component, room ("-" for none), decision (see, admit or deny), whom ("-" for the first).
Prints one JSON object a stage: the commands, the form, and what came of it.
"""

import asyncio
import json
import sys

import slixmpp

port, jid, token, component, room, decision, whom = sys.argv[1:8]


def say(**what):
    print(json.dumps(what), flush=True)


class Client(slixmpp.ClientXMPP):
    def __init__(self):
        super().__init__(jid, token, plugin_config={"feature_mechanisms": {"unencrypted_plain": True}})
        for plugin in ("xep_0004", "xep_0030", "xep_0045", "xep_0050"):
            self.register_plugin(plugin)
        self.add_event_handler("session_start", self.start)
        self.add_event_handler("failed_auth", lambda _: self.end("not logged in"))
        self.ended = asyncio.get_event_loop().create_future()

    def end(self, error=None):
        if error:
            say(error=str(error))
        if not self.ended.done():
            self.ended.set_result(error)

    async def start(self, _):
        try:
            await asyncio.wait_for(self.work(), 20)
            self.end()
        except slixmpp.exceptions.IqError as e:
            self.end(e.condition)
        except Exception as e:  # whatever it is, the test shall see it
            self.end(repr(e))

    async def work(self):
        self.send_presence()
        if room != "-":
            joined = asyncio.get_event_loop().create_future()
            self.add_event_handler("muc::%s::self-presence" % room, lambda _: joined.done() or joined.set_result(True))
            self.plugin["xep_0045"].join_muc(room, self.boundjid.user)
            await asyncio.wait_for(joined, 10)
        items = await self.plugin["xep_0050"].get_commands(component)
        say(commands=[[i[1], i[2]] for i in items["disco_items"]["items"]])
        first = await self.plugin["xep_0050"].send_command(component, "lobby", action="execute")
        command = first["command"]
        if command["status"] == "completed":
            say(status="completed", notes=[list(n) for n in command["notes"]])
            return
        form = command["form"]
        options = [o["value"] for o in form.get_fields()["who"]["options"]]
        say(status=command["status"], title=form["title"], waiting=options)
        if decision == "see":
            return
        chosen = [o for o in options if whom in ("-", o.split(" ")[1])]
        await self.submit(command["sessionid"], chosen or [whom])

    async def submit(self, session, chosen):
        answer = self.plugin["xep_0004"].make_form(ftype="submit")
        answer.add_field(var="who", ftype="list-multi", value=chosen)
        answer.add_field(var="decision", ftype="list-single", value=decision)
        done = await self.plugin["xep_0050"].send_command(
            component, "lobby", action="complete", payload=answer, sessionid=session)
        say(status=done["command"]["status"], notes=[list(n) for n in done["command"]["notes"]])


async def main(client):
    await client.ended
    await client.disconnect(wait=1)


client = Client()
client.connect(("127.0.0.1", int(port)), force_starttls=False, disable_starttls=True)
client.loop.run_until_complete(main(client))
