using Bench;

var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.ClearProviders();
builder.WebHost.UseUrls("http://127.0.0.1:0");
builder.Services.AddSignalR();

var app = builder.Build();
app.MapHub<BenchHub>("/hub", options => options.AllowStatefulReconnects = true);

await app.StartAsync();
Console.WriteLine($"listening {new Uri(app.Urls.First()).Port}");

// Each line is a command, answered with the same line when it is done. The end of the input is the end of the server.
while (await Console.In.ReadLineAsync() is { } line)
{
    if (line == "collect")
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }
    Console.WriteLine(line);
}
Environment.Exit(0);
