using Microsoft.AspNetCore.SignalR;

namespace Interop;

public static class Targets
{
    /// <summary>The targets that need no caller, by the name that the suite gives them.</summary>
    public static IClientProxy Of(IHubClients<IClientProxy> clients, string to, string[] names, string[] except) => to switch
    {
        "all" => clients.All,
        "allExcept" => clients.AllExcept(except),
        "client" => clients.Client(names[0]),
        "clients" => clients.Clients(names),
        "group" => clients.Group(names[0]),
        "groups" => clients.Groups(names),
        "groupExcept" => clients.GroupExcept(names[0], except),
        "user" => clients.User(names[0]),
        "users" => clients.Users(names),
        _ => throw new HubException($"There is no target '{to}'."),
    };
}
