using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.SignalR;

namespace Interop;

/// <summary>What a process does to its hub from outside: plain HTTP, so that a test can ask for it.</summary>
public static class Outside
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/outside", (string to, string text, [FromQuery] string[] name, [FromQuery] string[] except, IHubContext<InteropHub> hub) =>
            Targets.Of(hub.Clients, to, name, except).SendAsync("message", text));
        app.MapPost("/join", (string connection, string group, IHubContext<InteropHub> hub) =>
            hub.Groups.AddToGroupAsync(connection, group));
        app.MapPost("/leave", (string connection, string group, IHubContext<InteropHub> hub) =>
            hub.Groups.RemoveFromGroupAsync(connection, group));
        app.MapGet("/ask/{connection}", Ask);
        app.MapPost("/stop", (IHostApplicationLifetime lifetime) => lifetime.StopApplication());
    }

    /// <summary>The client's answer, or the bare text of what went wrong.</summary>
    private static async Task<object> Ask(string connection, string question, int? milliseconds, IHubContext<InteropHub> hub)
    {
        using var limit = new CancellationTokenSource(milliseconds ?? 10_000);
        try
        {
            return new { answer = await hub.Clients.Client(connection).InvokeAsync<int>("ask", question, limit.Token) };
        }
        catch (Exception exception)
        {
            return new { error = exception.Message };
        }
    }
}
