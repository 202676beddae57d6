using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>An answer cannot be used because the server that gave it is not certain to be the primary.</summary>
internal sealed class NotPrimaryException(string message) : RedisException(message);
