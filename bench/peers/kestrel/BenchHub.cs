using Microsoft.AspNetCore.SignalR;

namespace Bench;

/// <summary>The methods that the scenarios call.</summary>
public sealed class BenchHub : Hub
{
    public string Echo(string text) => text;

    public Task Broadcast(string text) => Clients.All.SendAsync("message", text);

    public Task Join(string group) => Groups.AddToGroupAsync(Context.ConnectionId, group);

    public Task SendGroup(string group, string text) => Clients.Group(group).SendAsync("message", text);

#pragma warning disable CS1998 // What is measured is the stream, not what it waits for.
    public async IAsyncEnumerable<int> Count(int from, int items)
    {
        for (var i = 0; i < items; i++)
        {
            yield return from + i;
        }
    }
#pragma warning restore CS1998

    public async Task<int> Upload(IAsyncEnumerable<int> items)
    {
        var inOrder = 0;
        int? previous = null;
        await foreach (var item in items)
        {
            if (previous is null || item == previous + 1)
            {
                inOrder++;
            }
            previous = item;
        }
        return inOrder;
    }

    public Task<string> Ask(string text) => Clients.Caller.InvokeAsync<string>("answer", text, CancellationToken.None);
}
