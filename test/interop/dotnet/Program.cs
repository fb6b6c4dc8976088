using System.Buffers;
using Interop;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using ConnectionOptions = Microsoft.AspNetCore.Http.Connections.ConnectionOptions;

Telemetry.Listen();
var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.ClearProviders();
builder.Services.AddSingleton<Gates>();
Access.Add(builder.Services);
builder.Services.AddSignalR()
    .AddHubOptions<DetailedHub>(options => options.EnableDetailedErrors = true)
    .AddHubOptions<FastHub>(BeFast)
    .AddHubOptions<FastDetailedHub>(options =>
    {
        BeFast(options);
        options.EnableDetailedErrors = true;
    })
    .AddHubOptions<BinaryHub>(options => options.SupportedProtocols = ["messagepack"])
    .AddHubOptions<ParallelHub>(options => options.MaximumParallelInvocationsPerClient = 2)
    .AddHubOptions<SmallHub>(options => options.MaximumReceiveMessageSize = 1024);
if (builder.Configuration["disconnectTimeout"] is { } milliseconds)
{
    builder.Services.Configure<ConnectionOptions>(options => options.DisconnectTimeout = TimeSpan.FromMilliseconds(int.Parse(milliseconds)));
}

var app = builder.Build();
app.UseRouting();
app.UseAuthentication();
app.UseAuthorization();
app.MapHub<InteropHub>("/hub");
app.MapHub<DetailedHub>("/detailed");
app.MapHub<FastHub>("/fast", options =>
{
    options.LongPolling.PollTimeout = TimeSpan.FromSeconds(2);
    options.WebSockets.CloseTimeout = TimeSpan.FromSeconds(1);
});
app.MapHub<FastDetailedHub>("/fast-detailed");
app.MapHub<ParallelHub>("/parallel");
app.MapHub<SmallHub>("/small");
app.MapHub<BinaryHub>("/binary");
app.MapHub<GuardedHub>("/guarded").RequireAuthorization("token");
app.MapHub<StatefulHub>("/stateful", options => options.AllowStatefulReconnects = true);
app.MapHub<InteropHub>("/websockets", options => options.Transports = HttpTransportType.WebSockets);
app.MapHub<InteropHub>("/polling", options => options.Transports = HttpTransportType.LongPolling);
app.MapHub<InteropHub>("/events", options => options.Transports = HttpTransportType.ServerSentEvents);
app.MapHub<InteropHub>("/tokens-only", options => options.MinimumProtocolVersion = 1);
app.MapHub<InteropHub>("/tight", options => options.ApplicationMaxBufferSize = 1000);
app.MapConnections("/echo", connection => connection.Run(Echo));
Outside.Map(app);
Telemetry.Map(app);

await app.StartAsync();
Console.WriteLine($"listening {app.Urls.First()}");
_ = Task.Run(async () =>
{
    // Whoever started this process holds its standard input: when that ends, nobody is left to serve.
    await Console.In.ReadToEndAsync();
    app.Lifetime.StopApplication();
});
await app.WaitForShutdownAsync();

static void BeFast(HubOptions options)
{
    options.HandshakeTimeout = TimeSpan.FromSeconds(2);
    options.KeepAliveInterval = TimeSpan.FromSeconds(1);
    options.ClientTimeoutInterval = TimeSpan.FromSeconds(3);
}

static async Task Echo(ConnectionContext connection)
{
    while (true)
    {
        var read = await connection.Transport.Input.ReadAsync();
        if (read.Buffer.IsEmpty && read.IsCompleted)
        {
            return;
        }
        await connection.Transport.Output.WriteAsync(read.Buffer.ToArray());
        connection.Transport.Input.AdvanceTo(read.Buffer.End);
    }
}
