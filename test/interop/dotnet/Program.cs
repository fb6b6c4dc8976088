using System.Buffers;
using Interop;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;

var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.ClearProviders();
builder.Services.AddSingleton<Gates>();
Access.Add(builder.Services);
builder.Services.AddSignalR()
    .AddHubOptions<DetailedHub>(options => options.EnableDetailedErrors = true)
    .AddHubOptions<FastHub>(options =>
    {
        options.HandshakeTimeout = TimeSpan.FromSeconds(1);
        options.KeepAliveInterval = TimeSpan.FromSeconds(1);
        options.ClientTimeoutInterval = TimeSpan.FromSeconds(3);
    })
    .AddHubOptions<ParallelHub>(options => options.MaximumParallelInvocationsPerClient = 2)
    .AddHubOptions<SmallHub>(options => options.MaximumReceiveMessageSize = 1024);

var app = builder.Build();
app.UseRouting();
app.UseAuthentication();
app.UseAuthorization();
app.MapHub<InteropHub>("/hub");
app.MapHub<DetailedHub>("/detailed");
app.MapHub<FastHub>("/fast");
app.MapHub<ParallelHub>("/parallel");
app.MapHub<SmallHub>("/small");
app.MapHub<GuardedHub>("/guarded").RequireAuthorization("token");
app.MapHub<InteropHub>("/websockets", options => options.Transports = HttpTransportType.WebSockets);
app.MapHub<InteropHub>("/polling", options => options.Transports = HttpTransportType.LongPolling);
app.MapConnections("/echo", connection => connection.Run(Echo));
Outside.Map(app);

await app.StartAsync();
Console.WriteLine($"listening {app.Urls.First()}");
_ = Task.Run(async () =>
{
    // Whoever started this process holds its standard input: when that ends, nobody is left to serve.
    await Console.In.ReadToEndAsync();
    app.Lifetime.StopApplication();
});
await app.WaitForShutdownAsync();

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
