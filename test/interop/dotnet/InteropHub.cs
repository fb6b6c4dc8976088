using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.SignalR;

namespace Interop;

public sealed record Person(string Name, int Age, string[] Tags);

public enum Colour
{
    Red,
    Green,
}

public sealed class PolicyException(string message) : HubException(message);

/// <summary>The hub of the interop suite. Its counterpart in TypeScript is ../hub.ts: change both together.</summary>
public class InteropHub(Gates gates) : Hub
{
    private HttpRequest Request => Context.GetHttpContext()!.Request;

    public override async Task OnConnectedAsync()
    {
        if (Request.Query.TryGetValue("fail", out var text))
        {
            throw new InvalidOperationException(text);
        }
        if (Request.Query.ContainsKey("abort"))
        {
            Context.Abort();
        }
        if (Request.Query.ContainsKey("welcome"))
        {
            await Clients.Caller.SendAsync("welcome", Context.ConnectionId, Context.UserIdentifier);
        }
    }

    public override Task OnDisconnectedAsync(Exception? exception) =>
        Clients.Group($"watch {Context.ConnectionId}").SendAsync("left", Context.ConnectionId, exception is not null);

    // Results

    public void Void()
    {
    }

    public string? Nothing() => null;

    public object? Echo(object? value) => value;

    public string Text(string text) => text;

    public int Add(int a, int b) => a + b;

    public int[] Numbers(int count) => Enumerable.Range(1, count).ToArray();

    public Person Older(Person person) => person with { Age = person.Age + 1, Tags = [.. person.Tags, "older"] };

    public string Greet(string name, string greeting = "hello") => $"{greeting}, {name}";

    [HubMethodName("NewName")]
    public string OldName() => "renamed";

    public static string Static() => "no hub method";

    private string Private() => "no hub method";

    // Values in JSON

    public DateTime Time(DateTime value) => value;

    public double Real(double value) => value;

    public byte[] Bytes(byte[] value) => value;

    public Colour Colour(Colour value) => value;

    public Guid Guid(Guid value) => value;

    public Dictionary<string, int> Counts(Dictionary<string, int> value) => value;

    // Errors

    public void Throw(string text) => throw new InvalidOperationException(text);

    public void Refuse(string text) => throw new HubException(text);

    public void ThrowBecause(string text) => throw new InvalidOperationException(text, new InvalidOperationException("the cause"));

    public void RefuseByPolicy(string text) => throw new PolicyException(text);

    [Authorize("admin")]
    public string Secret() => "secret";

    // The connection

    public string Id() => Context.ConnectionId;

    public string? UserId() => Context.UserIdentifier;

    /// <summary>The access token, and where it stood in the request that opened the connection.</summary>
    public string? Token() =>
        Request.Headers.Authorization.Count > 0 ? $"header {Request.Headers.Authorization}"
        : Request.Query.TryGetValue("access_token", out var token) ? $"query {token}"
        : null;

    public void SetItem(string key, string value) => Context.Items[key] = value;

    public string? GetItem(string key) => Context.Items.TryGetValue(key, out var value) ? (string?)value : null;

    public void Abort() => Context.Abort();

    /// <summary>The caller hears of that connection's end by the events "left" and "cancelled".</summary>
    public Task Watch(string connectionId) => Groups.AddToGroupAsync(Context.ConnectionId, $"watch {connectionId}");

    // Targets

    public Task Join(string group) => Groups.AddToGroupAsync(Context.ConnectionId, group);

    public Task Leave(string group) => Groups.RemoveFromGroupAsync(Context.ConnectionId, group);

    public Task Tell(string to, string[] names, string[] except, string text) => (to switch
    {
        "caller" => Clients.Caller,
        "others" => Clients.Others,
        "othersInGroup" => Clients.OthersInGroup(names[0]),
        _ => Targets.Of(Clients, to, names, except),
    }).SendAsync("message", text);

    // Order

    /// <summary>Says "entered" to the caller, and returns when somebody opens the gate.</summary>
    public async Task<string> Gate(string name)
    {
        await Clients.Caller.SendAsync("entered", name);
        await gates.Wait(name);
        return name;
    }

    public void Open(string name) => gates.Open(name);

    // Streams to the client

    public async IAsyncEnumerable<int> Count(int to)
    {
        for (var i = 1; i <= to; i++)
        {
            await Task.Yield();
            yield return i;
        }
    }

    /// <summary>The other way to stream: without asynchronous steps.</summary>
    public ChannelReader<int> CountAtOnce(int to)
    {
        var channel = Channel.CreateUnbounded<int>();
        for (var i = 1; i <= to; i++)
        {
            channel.Writer.TryWrite(i);
        }
        channel.Writer.Complete();
        return channel.Reader;
    }

    public async IAsyncEnumerable<int> CountThenThrow(int to, string text)
    {
        await foreach (var i in Count(to))
        {
            yield return i;
        }
        throw new InvalidOperationException(text);
    }

    public async IAsyncEnumerable<int> CountThenRefuse(int to, string text)
    {
        await foreach (var i in Count(to))
        {
            yield return i;
        }
        throw new HubException(text);
    }

    /// <summary>Fails before there is a stream.</summary>
    public IAsyncEnumerable<int> RefuseStream(string text) => throw new HubException(text);

    public IAsyncEnumerable<int>? NoStream() => null;

    /// <summary>One item, then nothing until the client cancels: the caller and its watchers hear of that by the event "cancelled".</summary>
    public async IAsyncEnumerable<string> Hang(string key, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (caller, watchers) = (Clients.Caller, Clients.Group($"watch {Context.ConnectionId}"));
        yield return key;
        try
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        finally
        {
            await caller.SendAsync("cancelled", key, CancellationToken.None);
            await watchers.SendAsync("cancelled", key, CancellationToken.None);
        }
    }

    // Streams from the client

    public async Task<int> Sum(IAsyncEnumerable<int> numbers)
    {
        var sum = 0;
        await foreach (var number in numbers)
        {
            sum += number;
        }
        return sum;
    }

    /// <summary>Reads nothing before the gate opens.</summary>
    public async Task<int> SumBehind(string gate, IAsyncEnumerable<int> numbers)
    {
        await gates.Wait(gate);
        return await Sum(numbers);
    }

    public async Task<string> Concat(IAsyncEnumerable<string> left, string between, IAsyncEnumerable<string> right)
    {
        var text = "";
        await foreach (var item in left)
        {
            text += item;
        }
        text += between;
        await foreach (var item in right)
        {
            text += item;
        }
        return text;
    }

    /// <summary>Both ways at once.</summary>
    public async IAsyncEnumerable<string> Relay(IAsyncEnumerable<string> texts)
    {
        await foreach (var text in texts)
        {
            yield return $"<{text}>";
        }
    }

    // Client results

    public async Task<int> AskCaller(string question, int milliseconds)
    {
        using var limit = new CancellationTokenSource(milliseconds);
        return await Clients.Caller.InvokeAsync<int>("ask", question, limit.Token);
    }

    public Task<int> AskClient(string connectionId, string question) =>
        Clients.Client(connectionId).InvokeAsync<int>("ask", question, CancellationToken.None);
}

public sealed class DetailedHub(Gates gates) : InteropHub(gates);

public sealed class FastHub(Gates gates) : InteropHub(gates);

public sealed class FastDetailedHub(Gates gates) : InteropHub(gates);

public sealed class BinaryHub(Gates gates) : InteropHub(gates);

public sealed class ParallelHub(Gates gates) : InteropHub(gates);

public sealed class StatefulHub(Gates gates) : InteropHub(gates);

public sealed class SmallHub(Gates gates) : InteropHub(gates);

public sealed class GuardedHub(Gates gates) : InteropHub(gates);
